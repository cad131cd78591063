import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { type KillEvent, killsnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { compile, run, temporaryFolder } from "../../../../testing/programs.js";
import { type Recording, record } from "../../../../testing/recording.js";

const temporary = temporaryFolder();
const program = compile(new URL("programs/kills.c", import.meta.url), temporary);
const errnos: Readonly<Record<string, number>> = os.constants.errno;

type Call = readonly [tid: number, targetPid: number, signal: number, ret: number];

/** What strace saw, from a file for each thread. With -X raw: `kill(-12, 0xf) = -1 ESRCH (No such process)` */
function readTrace(folder: string): Call[] {
  return readdirSync(folder).flatMap((file) => {
    const lines = readFileSync(path.join(folder, file), "utf8").split("\n");
    return lines.flatMap((line): Call[] => {
      const [, target, signal, ret, error] = /^kill\((-?\d+), (-?\w+)\)\s+= (-?\d+|\?)(?: (E\w+))?/.exec(line) ?? [];
      if (ret === undefined) return [];
      return [[Number(file.split(".").at(-1)), Number(target), Number(signal), resultOf(ret, error)]];
    });
  });
}

/** Of a process that a signal ended before its call came back, strace does not know it: the signal was sent. */
const resultOf = (ret: string, error: string | undefined): number =>
  error ? -errnos[error]! : ret === "?" ? 0 : Number(ret);

/** strace stops itself before it becomes the program. */
const isOfStrace = ({ targetPid, tid, signal }: KillEvent): boolean => targetPid === tid && signal === 19;

/** A trace of the program by strace and, at the same time, by `recordings`. */
async function traced(...recordings: readonly Recording<KillEvent>[]) {
  const folder = mkdtempSync(path.join(temporary, "strace-"));
  const command = ["-ff", "-X", "raw", "-qq", "--trace=kill", "-o", path.join(folder, "trace"), program];
  const { status, stdout, stderr } = await run("strace", command);
  expect(status, stderr).toBe(0);
  const calls = readTrace(folder);
  const tids = new Set(readdirSync(folder).map((file) => Number(file.split(".").at(-1))));
  const seen = [];
  for (const recording of recordings) {
    const events = await recording.finish();
    expect(recording.lost()).toBe(0);
    seen.push(events.filter((event) => tids.has(event.tid) && !isOfStrace(event)));
  }
  const [pid, child, gone] = stdout.trim().split(" ").map(Number) as [number, number, number];
  return { calls, seen, pid, child, gone };
}

const callsOf = (events: readonly KillEvent[] | undefined): Call[] =>
  (events ?? []).map(({ tid, targetPid, signal, ret }) => [tid, targetPid, signal, ret]);
const sorted = (calls: readonly Call[]): string[] => calls.map((call) => call.join(" ")).sort();

test("strace and killsnoop see the same calls: to processes and groups, refused ones, 32-bit ones, of oneself", async () => {
  const { calls, seen, pid, child, gone } = await traced(await record(killsnoop()));
  expect(sorted(callsOf(seen[0]))).toEqual(sorted(calls));
  const made = calls.map(([, ...call]) => call);
  expect(made).toContainEqual([child, 9, 0]);
  expect(made).toContainEqual([-child, 23, 0]);
  expect(made).toContainEqual([child, 9, -1]); // EPERM
  expect(made).toContainEqual([gone, 15, -3]); // ESRCH
  expect(made).toContainEqual([child, -1, -22]); // EINVAL
  expect(made).toContainEqual([child, 28, 0]);
  expect(calls.some(([tid, target, signal]) => tid === target && signal === 9)).toBe(true);
  expect(calls.some(([tid]) => tid !== pid)).toBe(true);
  for (const event of seen[0]!.filter(({ targetPid, ret }) => targetPid === child && ret === 0))
    expect(event).toMatchObject({ pid, comm: "kills", uid: 0 });
});

test("options choose as they say, and agree with strace", async () => {
  const { calls, seen } = await traced(
    await record(killsnoop({ failed: true })),
    await record(killsnoop({ signal: [9, 0] })),
    await record(killsnoop({ signal: [23] })),
    await record(killsnoop({ uid: 65534 })),
    await record(killsnoop({ tpid: 2 ** 22 })),
  );
  const [failed, kills, urgent, nobody, none] = seen.map(callsOf);
  expect(sorted(failed!)).toEqual(sorted(calls.filter(([, , , ret]) => ret < 0)));
  expect(failed!.length).toBeGreaterThan(3);
  expect(sorted(kills!)).toEqual(sorted(calls.filter(([, , signal]) => signal === 9 || signal === 0)));
  expect(sorted(urgent!)).toEqual(sorted(calls.filter(([, , signal]) => signal === 23)));
  expect(nobody!.map(([, , ...rest]) => rest)).toEqual([
    [9, -1],
    [9, 0],
  ]);
  expect(none).toEqual([]);
});
