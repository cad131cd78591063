import { readFileSync } from "node:fs";
import path from "node:path";

import type { Table } from "@rxbpf/core";
import { type CallCount, syscount } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { insideAndOutside } from "../../../../testing/containers.js";
import { compile, start, temporaryFolder } from "../../../../testing/programs.js";
import { type Recording, record } from "../../../../testing/recording.js";

const temporary = temporaryFolder();
const program = compile(new URL("programs/calls.c", import.meta.url), temporary);

/** What the program does beside its start and end, by BCC's names, when each thread makes 1000 calls. */
const MADE = {
  getpgrp: 4000,
  "getgid (32-bit)": 70,
  dup2: 30,
  readlink: 20,
  "[unknown: 999]": 5,
  "[unknown]": 3,
  nanosleep: 10,
  pause: 2,
} as const;

/** Starts the program, which waits. */
const startCalls = (count: number) => start(program, [String(count), "wait"]);

async function makeCalls(child: ReturnType<typeof startCalls>): Promise<void> {
  child.write("go");
  expect(await child.line()).toBe("done");
}

async function rowsOf(recording: Recording<Table<CallCount>>): Promise<CallCount[]> {
  const tables = await recording.finish();
  expect(recording.lost()).toBe(0);
  return tables.flatMap(({ rows }) => rows);
}

/** How often each call was made, over all tables. */
function counts(rows: readonly CallCount[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { name = "", count } of rows) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

test("every call is counted under its name: of all threads, 32-bit ones, unknown ones, interrupted ones once", async () => {
  const child = startCalls(1000);
  const recording = await record(syscount({ pid: child.pid }));
  await makeCalls(child);
  expect(counts(await rowsOf(recording))).toMatchObject(MADE);
});

test("libbpf-tools' syscount says the same of the same calls", async () => {
  const child = startCalls(1000);
  const witness = start("stdbuf", ["-oL", "syscount", "-p", String(child.pid), "-T", "100"]);
  expect(await witness.line()).toMatch(/^Tracing/);
  const recording = await record(syscount({ pid: child.pid }));
  await makeCalls(child);
  const seen = counts(await rowsOf(recording));
  witness.kill("SIGINT");
  const theirs = new Map<string, number>();
  for await (const line of witness.lines()) {
    const [, name, count] = /^(\S+) +(\d+)$/.exec(line) ?? [];
    if (name !== undefined) theirs.set(name, Number(count));
  }
  for (const name of ["getpgrp", "dup2", "readlink", "nanosleep", "pause", "munmap"])
    expect([name, theirs.get(name)]).toEqual([name, seen[name]]);
});

test("strace -c counts as many of each call, from the program's start to its end, and as many that fail", async () => {
  const file = path.join(temporary, "strace");
  const recordings = [
    await record(syscount({ comm: "calls" })),
    await record(syscount({ comm: "calls", failures: true })),
  ];
  const strace = start("strace", ["-f", "-c", "-o", file, program, "1000"]);
  strace.write("go");
  await strace.ended();
  const [all, failed] = await Promise.all(recordings.map(async (recording) => counts(await rowsOf(recording))));
  const theirs = stracedCounts(readFileSync(file, "utf8"));
  expect(named(all!)).toEqual(named(theirs.calls));
  expect(named(failed!)).toEqual(named(theirs.errors));
});

/** Calls that do not come back to where they were made: strace counts some of them. */
const ENDLESS = ["exit", "exit_group", "rt_sigreturn"];

/** The counts of calls that have a name and end. */
function named(counts: Readonly<Record<string, number>>): Record<string, number> {
  const has = ([name, count]: readonly [string, number]): boolean =>
    count > 0 && !ENDLESS.includes(name) && !/unknown|0x/.test(name);
  return Object.fromEntries(Object.entries(counts).filter(has));
}

/** How many calls there were and how many failed, of its table for 64-bit calls and that for 32-bit ones. */
function stracedCounts(text: string): Readonly<Record<"calls" | "errors", Record<string, number>>> {
  const found = { calls: {} as Record<string, number>, errors: {} as Record<string, number> };
  for (const [i, part] of text.split("System call usage summary for 32 bit mode:").entries()) {
    for (const [, calls, errors, name] of part.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(\d+)? +([a-z]\S*)$/gm)) {
      if (name === "total") continue;
      const full = i === 0 ? name! : `${name} (32-bit)`;
      found.calls[full] = Number(calls);
      found.errors[full] = Number(errors ?? 0);
    }
  }
  return found;
}

test("errno chooses calls that failed so, by number or name, also where a signal interrupted them", async () => {
  const child = startCalls(10);
  const { pid } = child;
  const recordings = [
    await record(syscount({ pid, errno: "ENOENT" })),
    await record(syscount({ pid, errno: 9 })),
    await record(syscount({ pid, errno: "EINTR" })),
    await record(syscount({ pid, errno: "ENOSYS" })),
    await record(syscount({ pid, syscall: "getgid" })),
  ];
  await makeCalls(child);
  const seen = await Promise.all(recordings.map(async (recording) => counts(await rowsOf(recording))));
  expect(seen).toEqual([
    { readlink: 20 },
    { dup2: 30 },
    { pause: 2 },
    { "[unknown: 999]": 5, "[unknown]": 3 },
    { "getgid (32-bit)": 70 },
  ]);
});

test("latency says how long calls of a name took together", async () => {
  const child = startCalls(10);
  const recording = await record(syscount({ pid: child.pid, latency: true }));
  await makeCalls(child);
  const rows = await rowsOf(recording);
  const slept = rows.find(({ name }) => name === "nanosleep")!;
  expect(slept.count).toBe(10);
  expect(slept.timeNs).toBeGreaterThan(10 * 20_000_000);
  expect(rows.find(({ name }) => name === "pause")).toMatchObject({ count: 2 });
  // The longest first, and none that failed at once is as long as a sleep.
  expect(rows.map(({ timeNs }) => timeNs)).toEqual(rows.map(({ timeNs }) => timeNs).sort((a, b) => b - a));
  expect(rows.find(({ name }) => name === "dup2")!.timeNs).toBeLessThan(slept.timeNs);
});

test("tables taken each second under load add up to what happened, by call and by process", async () => {
  const child = startCalls(1_000_000);
  const each = await record(syscount({ pid: child.pid, interval: 1, syscall: "getpgrp" }));
  const processes = await record(syscount({ pid: child.pid, interval: 1, syscall: "getpgrp", process: true }));
  await makeCalls(child);
  expect(counts(await rowsOf(each))).toEqual({ getpgrp: 4_000_000 });
  const rows = await rowsOf(processes);
  expect(new Set(rows.map(({ pid, comm }) => `${pid} ${comm}`))).toEqual(new Set([`${child.pid} calls`]));
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(4_000_000);
});

test("with a set of cgroups, or of mount namespaces, it counts who is inside, and nobody outside", async () => {
  const { inside, outside, filters } = await insideAndOutside();
  const recordings = await Promise.all(filters.map((filter) => record(syscount({ ...filter, process: true }))));
  await outside.run("true");
  await inside.run("true");
  for (const recording of recordings) {
    const pids = (await rowsOf(recording)).map(({ pid }) => pid);
    expect(pids).toContain(inside.pid);
    expect(pids).not.toContain(outside.pid);
  }
});
