import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import type { Histogram, Table } from "@rxbpf/core";
import { cpudist, offcputime, runqlat } from "@rxbpf/probes";
import { expect, onTestFinished, test } from "vitest";

import { insideAndOutside } from "../../../testing/containers.js";
import { start } from "../../../testing/programs.js";
import { type Recording, record } from "../../../testing/recording.js";

// The witness is the kernel's own account of each thread: /proc/PID/schedstat.

/** Starts one that does nothing but run, on the first processor, until the test ends. */
function startLoop() {
  const child = start("taskset", ["-c", "0", "sh", "-c", "while :; do :; done"]);
  onTestFinished(() => child.kill("SIGKILL"));
  return child;
}

/** Starts one that sleeps 20 ms again and again, until the test ends. */
function startSleeper() {
  const child = start("perl", ["-e", "select(undef, undef, undef, 0.02) while 1"]);
  onTestFinished(() => child.kill("SIGKILL"));
  return child;
}

/** In nanoseconds: how long a thread ran, and how long it waited for a processor. */
function schedstat(pid: number): { readonly ran: number; readonly waited: number } {
  const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
  return { ran, waited };
}

/** What a histogram of microseconds can stand for together, in nanoseconds. */
function bounds({ buckets }: Histogram): { readonly least: number; readonly most: number } {
  const sum = (at: "from" | "to"): number => buckets.reduce((all, bucket) => all + bucket[at] * bucket.count, 0) * 1000;
  return { least: sum("from"), most: sum("to") };
}

async function rowsOf<R>(recording: Recording<Table<R>>): Promise<R[]> {
  const tables = await recording.finish();
  expect(recording.lost()).toBe(0);
  return tables.flatMap(({ rows }) => rows);
}

/** A wait or a run may be under way when tracing begins or ends: the longest that the scheduler allows two that compete. */
const UNDER_WAY_NS = 100_000_000;

test("runqlat counts how long a thread waits that competes for its processor", async () => {
  const [one] = [startLoop(), startLoop()];
  const recording = await record(runqlat({ pid: one.pid }));
  const before = schedstat(one.pid);
  await sleep(1500);
  const { waited } = schedstat(one.pid);
  const rows = await rowsOf(recording);
  expect(rows).toHaveLength(1);
  const { least, most } = bounds(rows[0]!.latency);
  expect(least).toBeGreaterThan(0);
  expect(waited - before.waited).toBeGreaterThan(least - UNDER_WAY_NS);
  expect(waited - before.waited).toBeLessThan(most + UNDER_WAY_NS);
});

test("cpudist counts how long a thread runs at a time, and what that is together", async () => {
  const [one] = [startLoop(), startLoop()];
  const recording = await record(cpudist({ pid: one.pid, pids: true }));
  const before = schedstat(one.pid);
  await sleep(1500);
  const { ran } = schedstat(one.pid);
  const rows = await rowsOf(recording);
  expect(rows).toMatchObject([{ id: one.pid, comm: "sh" }]);
  const { least, most } = bounds(rows[0]!.duration);
  expect(rows[0]!.total * 1000).toBeGreaterThanOrEqual(least);
  expect(rows[0]!.total * 1000).toBeLessThan(most);
  expect(Math.abs(ran - before.ran - rows[0]!.total * 1000)).toBeLessThan(UNDER_WAY_NS);
});

test("cpudist counts how long a thread is off the processor", async () => {
  const sleeper = startSleeper();
  const recording = await record(cpudist({ pid: sleeper.pid, offcpu: true }));
  await sleep(1500);
  const [row] = await rowsOf(recording);
  const twentyMs = row!.duration.buckets.find(({ from, to }) => from <= 20_000 && to > 20_000);
  expect(twentyMs?.count).toBeGreaterThan(20);
});

test("offcputime tells where a thread waits, and how long together", async () => {
  const sleeper = startSleeper();
  const recording = await record(offcputime({ pid: sleeper.pid }));
  const [began, before] = [performance.now(), schedstat(sleeper.pid)];
  await sleep(1500);
  const off = (performance.now() - began) * 1e6 - (schedstat(sleeper.pid).ran - before.ran);
  const rows = await rowsOf(recording);
  expect(rows.map(({ pid, comm }) => [pid, comm])).toEqual(rows.map(() => [sleeper.pid, "perl"]));
  const told = rows.reduce((sum, { timeNs }) => sum + timeNs, 0);
  expect(Math.abs(told - off)).toBeLessThan(UNDER_WAY_NS);
  const longest = rows.reduce((a, b) => (b.timeNs > a.timeNs ? b : a));
  expect(longest.kernelStack.map(({ name }) => name)).toContain("schedule");
});

test("with a set of cgroups, or of mount namespaces, they count who is inside, and nobody outside", async () => {
  const { inside, outside, filters } = await insideAndOutside();
  const recordings = await Promise.all(
    filters.flatMap((filter) => [
      record(runqlat({ ...filter, pids: true })),
      record(cpudist({ ...filter, pids: true })),
      record(offcputime(filter)),
    ]),
  );
  await outside.run("sleep 0.1");
  await inside.run("sleep 0.1");
  for (const recording of recordings as unknown as Recording<
    Table<{ readonly id?: number; readonly pid?: number }>
  >[]) {
    const ids = (await rowsOf(recording)).map(({ id, pid }) => id ?? pid);
    expect(ids).toContain(inside.pid);
    expect(ids).not.toContain(outside.pid);
  }
});
