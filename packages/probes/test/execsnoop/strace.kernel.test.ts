import { copyFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { execsnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { compile, run } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";
import { programs } from "./execs.js";

const { folder: temporary, witness } = programs();
const errnos: Readonly<Record<string, number>> = os.constants.errno;

interface Exec {
  readonly tid: number;
  readonly filename: string;
  readonly ret: number;
}

/** A call in strace's words, with -xx: `execve("\x2f\x65", ["\x65"], 0x7ffc /* 9 vars *\/) = -1 ENOENT (No such file ...)` */
const CALL = /^exec(?:ve|veat)\((?:(\d+), )?"((?:\\x[0-9a-f]{2})*)"/;
const RESULT = /\) += (-?\d+)(?: (E\w+))?/;
const UNFINISHED = / <(unfinished|pid changed to \d+) \.\.\.>$/;
const RESUMED = /^<\.\.\. execve(?:at)? resumed>/;
const SUPERSEDED = /^\+\+\+ superseded by execve in pid (\d+) \+\+\+$/;

/**
 * What strace saw, from a file for each thread, which -ff makes: no line is torn there. A thread that is not the leader
 * starts a call in its own file, and ends it in the leader's.
 */
function readTrace(folder: string): { tids: Set<number>; execs: Exec[] } {
  const threads = new Map<number, string[]>();
  for (const file of readdirSync(folder))
    threads.set(Number(file.split(".").at(-1)), readFileSync(path.join(folder, file), "utf8").split("\n"));
  const execs: Exec[] = [];
  for (const [tid, lines] of threads) {
    let caller = tid;
    for (const line of lines) {
      if (SUPERSEDED.test(line)) caller = Number(SUPERSEDED.exec(line)![1]);
      else if (RESUMED.test(line))
        execs.push({ tid, ...read(`${threads.get(caller)!.findLast(isUnfinished)} ${line}`) });
      else if (CALL.test(line) && !isUnfinished(line)) execs.push({ tid, ...read(line) });
    }
  }
  return { tids: new Set(threads.keys()), execs };
}

function isUnfinished(line: string): boolean {
  return CALL.test(line) && UNFINISHED.test(line);
}

function read(call: string): Omit<Exec, "tid"> {
  const [, directory, hex] = CALL.exec(call) ?? [];
  const [, ret, error] = RESULT.exec(call) ?? [];
  if (hex === undefined || ret === undefined) throw new Error(`Cannot read strace's line ${call}`);
  const name = Buffer.from(hex.replaceAll("\\x", ""), "hex").toString();
  return {
    filename: directory === undefined ? name : `/dev/fd/${directory}/${name}`,
    ret: error ? -errnos[error]! : Number(ret),
  };
}

const sorted = (execs: readonly Exec[]): string[] =>
  execs.map(({ tid, filename, ret }) => `${tid} ${ret} ${filename}`).sort();

/** Runs a command under strace and under execsnoop at once, and compares what the two saw. */
async function compare(...command: readonly string[]): Promise<Exec[]> {
  const folder = mkdtempSync(path.join(temporary, "strace-"));
  const recording = await record(execsnoop({ fails: true }));
  const { status, stderr } = await run("strace", [
    ...["-ff", "-xx", "-s", "4096", "--signal=none", "--trace=execve,execveat", "-o", path.join(folder, "trace")],
    ...command,
  ]);
  const events = await recording.finish();
  expect(status, stderr).toBe(0);
  expect(recording.lost()).toBe(0);

  const { tids, execs } = readTrace(folder);
  // What strace does itself is not in its trace.
  const ours = events.filter(({ tid }) => tids.has(tid)).map(({ tid, filename, ret }) => ({ tid, filename, ret }));
  expect(sorted(ours)).toEqual(sorted(execs));
  const failed = execs.filter(({ ret }) => ret < 0).length;
  console.log(
    `${path.basename(command[0]!)}: ${execs.length} execs of ${tids.size} threads, ${failed} failed: the same`,
  );
  return execs;
}

test("strace and execsnoop see the same execs of a family of threads and processes", async () => {
  const folder = mkdtempSync(path.join(temporary, "files-"));
  const file = (name: string): string => path.join(folder, name);
  copyFileSync(witness, file("program"));
  writeFileSync(file("script"), `#!${file("program")}\n`, { mode: 0o755 });
  writeFileSync(file("nested"), `#!${file("script")}\n`, { mode: 0o755 });
  writeFileSync(file("plain"), "", { mode: 0o644 });

  const execs = await compare(compile(new URL("programs/family.c", import.meta.url), temporary), folder);
  const children = 4 * 3 * 10;
  expect(execs.filter(({ ret }) => ret === -errnos["ENOENT"]!)).toHaveLength(2 * children);
  expect(execs.filter(({ ret }) => ret === -errnos["EACCES"]!)).toHaveLength(children);
  expect(execs.filter(({ ret }) => ret === 0)).toHaveLength(1 + children + 4);
});

test("strace and execsnoop see the same execs of a build", async () => {
  const folder = mkdtempSync(path.join(temporary, "build-"));
  const file = (name: string): string => path.join(folder, name);
  writeFileSync(file("one.c"), "int two(void);\nint main(void) { return two(); }\n");
  writeFileSync(file("two.c"), "int two(void) { return 0; }\n");
  const execs = await compare("gcc", "-o", file("both"), file("one.c"), file("two.c"));
  expect((await run(file("both"))).status).toBe(0);
  // The driver, a compiler and an assembler for each file, and the linker with its driver.
  expect(execs.filter(({ ret }) => ret === 0).length).toBeGreaterThanOrEqual(7);
  expect(execs.some(({ filename }) => filename.endsWith("/cc1"))).toBe(true);
});
