import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { opensnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { compile, run, temporaryFolder } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";

const temporary = temporaryFolder();
const errnos: Readonly<Record<string, number>> = os.constants.errno;

interface Open {
  readonly tid: number;
  readonly path: string;
  readonly ret: number;
}

/** One call in strace's words, with -xx: `openat(AT_FDCWD, "\x2f\x65", O_RDONLY) = -1 ENOENT (No such file ...)` */
const CALL = /^(?:open|openat|openat2|creat)\((?:AT_FDCWD, |\d+, )?"((?:\\x[0-9a-f]{2})*)".*\) = (-?\d+)(?: (E\w+))?/;

/** What strace saw, from a file for each thread, which -ff makes: no line is torn there. */
function readTrace(folder: string): { tids: Set<number>; opens: Open[] } {
  const tids = new Set<number>();
  const opens: Open[] = [];
  for (const file of readdirSync(folder)) {
    const tid = Number(file.split(".").at(-1));
    tids.add(tid);
    for (const line of readFileSync(path.join(folder, file), "utf8").split("\n")) {
      if (!/^(open|creat)/.test(line)) continue;
      const [, hex, ret, error] = CALL.exec(line) ?? [];
      if (hex === undefined) throw new Error(`Cannot read strace's line ${line}`);
      const name = Buffer.from(hex.replaceAll("\\x", ""), "hex").toString();
      opens.push({ tid, path: name, ret: error ? -errnos[error]! : Number(ret) });
    }
  }
  return { tids, opens };
}

const sorted = (opens: readonly Open[]): string[] => opens.map(({ tid, path, ret }) => `${tid} ${ret} ${path}`).sort();

/** Runs a command under strace and under opensnoop at once, and compares what the two saw. */
async function compare(...command: readonly string[]): Promise<Open[]> {
  const folder = mkdtempSync(path.join(temporary, "strace-"));
  const recording = await record(opensnoop());
  const calls = "--trace=open,openat,openat2,creat";
  const { status, stderr } = await run("strace", [
    ...["-ff", "-xx", "-s", "4096", "-qq", calls, "-o", path.join(folder, "trace")],
    ...command,
  ]);
  const events = await recording.finish();
  expect(status, stderr).toBe(0);
  expect(recording.lost()).toBe(0);

  const { tids, opens } = readTrace(folder);
  // strace opens files too: only its threads count.
  const ours = events.filter(({ tid }) => tids.has(tid)).map(({ tid, path, ret }) => ({ tid, path, ret }));
  expect(sorted(ours)).toEqual(sorted(opens));
  const failed = opens.filter(({ ret }) => ret < 0).length;
  console.log(
    `${path.basename(command[0]!)}: ${opens.length} opens of ${tids.size} threads, ${failed} failed: the same`,
  );
  return opens;
}

test("strace and opensnoop see the same opens of a family of threads and processes", async () => {
  const files = path.join(temporary, "files");
  mkdirSync(files);
  const opens = await compare(compile(new URL("programs/family.c", import.meta.url), temporary), files);
  // 6 processes of 3 threads, 75 opens each, and what loaders and the shell open.
  expect(opens.length).toBeGreaterThan(6 * 3 * 75);
  expect(new Set(opens.map(({ tid }) => tid)).size).toBeGreaterThan(18);
});

test("strace and opensnoop see the same opens of a build", async () => {
  const files = path.join(temporary, "build");
  mkdirSync(files);
  writeFileSync(
    path.join(files, "one.c"),
    '#include <stdio.h>\nint two(void);\nint main(void) { return printf("%d", two()) < 0; }\n',
  );
  writeFileSync(path.join(files, "two.c"), "#include <stdlib.h>\nint two(void) { return abs(-2); }\n");
  writeFileSync(path.join(files, "Makefile"), "both: one.o two.o\n\tgcc -o both one.o two.o\n");
  const opens = await compare("make", "--silent", "-j2", "-C", files);
  expect(opens.length).toBeGreaterThan(100);
  expect(opens.some(({ path, ret }) => path.endsWith("stdio.h") && ret >= 0)).toBe(true);
});
