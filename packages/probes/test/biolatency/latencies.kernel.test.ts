import { setTimeout as sleep } from "node:timers/promises";

import type { Histogram, Table } from "@rxbpf/core";
import { biolatency, type Latency } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { type Disk, makeDisk, traceDisk } from "../../../../testing/disks.js";
import { insideAndOutside } from "../../../../testing/containers.js";
import { run, start, temporaryFolder } from "../../../../testing/programs.js";
import { type Recording, record } from "../../../../testing/recording.js";

const temporary = temporaryFolder();
const MB = 2 ** 20;

/** Writes 4 KiB so many times, each a request of its own. */
async function write(disk: Disk, count: number): Promise<void> {
  const direct = ["bs=4k", `count=${count}`, "oflag=direct", "status=none"];
  const { status, stderr } = await run("dd", ["if=/dev/zero", `of=${disk.path}`, ...direct]);
  expect(status, stderr).toBe(0);
}

/** Ends a recording and gives the rows of all its tables. Only dd's requests: others look at a new disk too. */
async function rowsOf(recording: Recording<Table<Latency>>): Promise<Latency[]> {
  const tables = await recording.finish();
  expect(recording.lost()).toBe(0);
  return tables.flatMap(({ rows }) => rows);
}

const together = (rows: readonly Latency[]): Histogram =>
  rows.map(({ latency }) => latency).reduce((a, b) => a.plus(b));

/** Which part of a scale the middle one of the values is in. */
function middle(counts: readonly number[]): number {
  let left = counts.reduce((a, b) => a + b, 0) / 2;
  return counts.findIndex((count) => (left -= count) <= 0);
}

test("requests are as many, and take as long, as libbpf-tools' biolatency says", async () => {
  const disk = makeDisk(temporary, 64 * MB);
  await write(disk, 1); // who looks at a new disk has done so
  const witness = start("stdbuf", ["-oL", "biolatency", "-d", disk.name]);
  expect(await witness.line()).toMatch(/^Tracing/);
  const recording = await record(biolatency({ disk: disk.name }));
  await write(disk, 1000);
  const rows = await rowsOf(recording);
  witness.kill("SIGINT");
  const theirs: number[] = [];
  for await (const line of witness.lines()) {
    const [, count] = /^ +\d+ -> \d+ +: (\d+)/.exec(line) ?? [];
    if (count !== undefined) theirs.push(Number(count));
  }
  const { counts, unit, count } = together(rows);
  expect([count, unit]).toEqual([1000, "us"]);
  expect(theirs.reduce((a, b) => a + b, 0)).toBe(count);
  // The two look one after the other, so a request may be in the next part of the scale.
  expect(Math.abs(middle(counts) - middle(theirs))).toBeLessThanOrEqual(1);
  const [row] = rows;
  const least = row!.latency.buckets.reduce((sum, { from, count }) => sum + from * count, 0);
  const most = row!.latency.buckets.reduce((sum, { to, count }) => sum + to * count, 0);
  expect(row!.totalUs).toBeGreaterThanOrEqual(least);
  expect(row!.totalUs).toBeLessThan(most);
});

test("tables taken each second under load add up to what happened, and to what one taken at the end says", async () => {
  const disk = makeDisk(temporary, 64 * MB);
  const each = await record(biolatency({ disk: disk.name, comm: "dd", interval: 1, disks: true }));
  const whole = await record(biolatency({ disk: disk.name, comm: "dd" }));
  const queued = await record(biolatency({ disk: disk.name, comm: "dd", queued: true }));
  let written = 0;
  for (; written < 6_000; written += 2 * 500) {
    await Promise.all([write(disk, 500), write(disk, 500)]);
    await sleep(400);
  }
  const [rows, [all], [withQueue]] = [await rowsOf(each), await rowsOf(whole), await rowsOf(queued)];
  expect(each.events.length).toBeGreaterThan(2);
  const counts = [together(rows).count, all!.latency.count, withQueue!.latency.count];
  expect(counts).toEqual(counts.map(() => written));
  expect(new Set(rows.map((row) => row.disk))).toEqual(new Set([disk.name]));
});

test("with disks and with flags each has a histogram of its own", async () => {
  const [one, two] = [makeDisk(temporary, 64 * MB), makeDisk(temporary, 64 * MB)];
  const disks = await record(biolatency({ comm: "dd", disks: true }));
  const flags = await record(biolatency({ comm: "dd", flags: true, disk: one.name, milliseconds: true }));
  const traced = traceDisk(one, temporary, ["block_rq_issue"]);
  await write(one, 30);
  await write(two, 20);
  await run("dd", ["of=/dev/null", `if=${one.path}`, "bs=4k", "count=7", "iflag=direct"]);
  await run("dd", ["if=/dev/zero", `of=${one.path}`, "bs=4k", "count=1", "oflag=direct", "conv=fsync"]);
  const counts = new Map((await rowsOf(disks)).map((row) => [row.disk, row.latency.count]));
  expect([counts.get(one.name), counts.get(two.name)]).toEqual([38, 20]);
  const named = (await rowsOf(flags)).map((row) => [row.flagNames, row.latency.count, row.latency.unit]);
  expect(named).toEqual([
    ["Sync-Read", 7, "ms"],
    ["Idle-Sync-Write", 31, "ms"],
  ]);
  const issued = traced().filter(({ comm }) => comm === "dd");
  expect([issued.filter((e) => e.flags === "RS").length, issued.filter((e) => e.flags === "WS").length]).toEqual([
    7, 31,
  ]);
});

test("with a set of cgroups, or of mount namespaces, it counts what is asked for inside, and not outside", async () => {
  const disk = makeDisk(temporary, 64 * MB);
  const { inside, outside, filters } = await insideAndOutside();
  const recordings = await Promise.all(filters.map((filter) => record(biolatency({ disk: disk.name, ...filter }))));
  const dd = (count: number): string => `dd if=/dev/zero of=${disk.path} bs=4k count=${count} oflag=direct status=none`;
  await outside.run(dd(5));
  await inside.run(dd(3));
  for (const recording of recordings) expect(together(await rowsOf(recording)).count).toBe(3);
});
