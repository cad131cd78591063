import { EventStream, Histogram, LayoutError, Table } from "@rxbpf/core";
import { type Output, ring, type RunOptions, sourceOf, table, type TableOptions } from "@rxbpf/core/bpf";
import { greatest, histogramOf, least, schema, u32, u64, who } from "@rxbpf/core/events";
import { beforeAll, expect, test } from "vitest";

import { bpftool } from "../../../testing/kernel-objects.js";
import { holdings } from "../../../testing/holdings.js";
import { compile, compileProgram, run, start, temporaryFolder } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";

const folder = temporaryFolder();
let bytes: Uint8Array;
let makeTicks: string;

beforeAll(() => {
  bytes = compileProgram(new URL("programs/tables.bpf.c", import.meta.url), folder);
  makeTicks = compile(new URL("programs/ticks.c", import.meta.url), folder);
});

const key = { digit: u32("last digit of the number") };
const value = {
  count: u64("how many"),
  sum: u64("of the numbers"),
  most: greatest(u64("number")),
  fewest: least(u64("number that is not 0")),
  log2: histogramOf("of the numbers", "log2", "us"),
  linear: histogramOf("of the numbers", { width: 100 }),
};

interface Row {
  readonly digit: number;
  readonly count: number;
  readonly sum: number;
  readonly most: number;
  readonly fewest: number;
  readonly log2: Histogram;
  readonly linear: Histogram;
}

const ALL_MAPS = ["events", "numbers_0", "numbers_1", "latest"];

function streamOf<E>(output: Output<E>, constants: Record<string, boolean>, options: Partial<RunOptions> = {}) {
  const spec = { name: "tables", bytes: () => bytes, variants: [{ programs: ["tick"] }] };
  const leaveOut = [
    ...ALL_MAPS.filter((map) => !output.maps.includes(map)),
    "cgroup_set",
    "mntns_set",
    "netns_set",
    "tree_members",
  ];
  const source = sourceOf(spec, output, () => ({
    ...options,
    constants: { self_pid: process.pid, ...constants },
    leaveOut,
  }));
  return new EventStream<E>({ name: "tables", schema: schema("", {}), columns: () => [] }, source);
}

const numbers = (options?: TableOptions, perCpu = false): EventStream<Table<Row>> =>
  streamOf(
    table<Row>("numbers", { key, value }, options),
    { tables: true },
    perCpu ? { perCpu: ["numbers_0", "numbers_1"] } : {},
  );

/** The rows for the numbers below `count`, by their last digit, if each is counted `times` times. */
function expected(count: number, times: number): Row[] {
  return Array.from({ length: 10 }, (_, digit) => {
    const all = Array.from({ length: count }, (_, number) => number).filter((number) => number % 10 === digit);
    const slots = (length: number, slot: (number: number) => number): number[] => {
      const counts = new Array<number>(length).fill(0);
      for (const number of all) counts[Math.min(slot(number), length - 1)]! += times;
      return counts;
    };
    return {
      digit,
      count: all.length * times,
      sum: all.reduce((a, b) => a + b, 0) * times,
      most: Math.max(...all),
      fewest: Math.min(...all.filter((number) => number > 0)),
      log2: new Histogram(
        slots(16, (number) => (number < 2 ? 0 : Math.floor(Math.log2(number)))),
        "log2",
        "us",
      ),
      linear: new Histogram(
        slots(8, (number) => Math.floor(number / 100)),
        { width: 100 },
      ),
    };
  });
}

/** The rows of several tables, merged by digit. */
function together(tables: readonly Table<Row>[]): Row[] {
  const sums = new Map<number, Row>();
  for (const row of tables.flatMap(({ rows }) => rows)) {
    const before = sums.get(row.digit);
    if (!before) sums.set(row.digit, row);
    else
      sums.set(row.digit, {
        digit: row.digit,
        count: before.count + row.count,
        sum: before.sum + row.sum,
        most: Math.max(before.most, row.most),
        fewest: Math.min(before.fewest || Infinity, row.fewest || Infinity),
        log2: before.log2.plus(row.log2),
        linear: before.linear.plus(row.linear),
      });
  }
  return [...sums.values()].sort((a, b) => a.digit - b.digit);
}

const plain = (rows: readonly Row[]): object[] =>
  rows.map(({ log2, linear, ...rest }) => ({ ...rest, log2: log2.counts, linear: linear.counts }));

test.each([false, true])("a table at the end has everything that happened (per processor: %s)", async (perCpu) => {
  const recording = await record(numbers({}, perCpu));
  await Promise.all([run(makeTicks, ["1000"]), run(makeTicks, ["1000"]), run(makeTicks, ["1000"])]);
  const tables = await recording.finish();
  expect(tables).toHaveLength(1);
  expect(tables[0]).toBeInstanceOf(Table);
  expect(Math.abs(tables[0]!.time - Date.now())).toBeLessThan(10_000);
  expect(plain(together(tables))).toEqual(plain(expected(1000, 3)));
  const [row] = tables[0]!.rows;
  expect(row!.log2).toBeInstanceOf(Histogram);
  expect(row!.log2).toMatchObject({ unit: "us", scale: "log2" });
});

test.each([false, true])(
  "tables taken under load add up exactly to what happened (per processor: %s)",
  async (perCpu) => {
    const recording = await record(numbers({ everyMs: 25 }, perCpu));
    const children = Array.from({ length: 4 }, () => start(makeTicks, ["200000"]));
    for (const child of children) await child.ended();
    const tables = await recording.finish();
    expect(tables.length).toBeGreaterThan(3);
    expect(recording.lost()).toBe(0);
    // RAISE is only for per-processor tables: in a shared table, processors that raise a number at once may miss the
    // greatest.
    const [seen, wanted] = [together(tables), expected(200_000, 4)];
    const drop = ({ most: _m, fewest: _f, ...rest }: Row): object => rest;
    expect(perCpu ? plain(seen) : seen.map(drop)).toEqual(perCpu ? plain(wanted) : wanted.map(drop));
  },
);

test("a stream with a count of tables ends after them, and the last one is complete", async () => {
  const recording = await record(numbers({ everyMs: 30, count: 3 }));
  await recording.completed;
  expect(recording.events).toHaveLength(3);
});

test("entries that stay are read and not taken", async () => {
  const output = table<{ digit: number; number: number }>(
    "latest",
    { key, value: { number: u64("the last one") }, keep: true },
    { everyMs: 30 },
  );
  const recording = await record(streamOf(output, { keep: true }));
  await run(makeTicks, ["25"]);
  await expect.poll(() => recording.events.filter(({ rows }) => rows.length === 10).length).toBeGreaterThan(2);
  await run(makeTicks, ["3"]);
  const last = (await recording.finish()).at(-1)!;
  const byDigit = [...last.rows].sort((a, b) => a.digit - b.digit).map(({ number }) => number);
  expect(byDigit).toEqual([0, 1, 2, 23, 24, 15, 16, 17, 18, 19]);
});

test("events that do not fit into the map are counted", async () => {
  const recording = await record(
    streamOf(table<Row>("numbers", { key, value }), { tables: true }, { maxEntries: { numbers_0: 4, numbers_1: 4 } }),
  );
  await run(makeTicks, ["1000"]);
  const [all] = await recording.finish();
  const counted = all!.rows.reduce((sum, { count }) => sum + count, 0);
  expect(counted).toBeLessThan(1000);
  expect(counted + recording.lost()).toBe(1000);
  expect(recording.statuses.at(-1)).toMatchObject({ reason: "map full" });
});

test("a run loads only its own output's maps: no ring for a table, no table for a ring", async () => {
  const mapsOf = (): string[] => {
    const ids = holdings().objects.flatMap((object) => /^map (\d+)$/.exec(object)?.[1] ?? []);
    return ids.map((id) => (bpftool("map", "show", "id", id) as { name: string }).name).sort();
  };
  const before = mapsOf();
  const added = (): string[] => mapsOf().filter((name) => !before.includes(name) && !name.includes("."));
  const counting = await record(numbers());
  expect(added()).toEqual(["numbers_0", "numbers_1"]);
  await counting.finish();
  const tick = schema("tick_event", { ...who, number: u64("the number") });
  const tracing = await record(streamOf(ring<{ number: number }>("events", tick), {}));
  expect(added()).toEqual(["events"]);
  await run(makeTicks, ["5"]);
  await tracing.find(({ number }) => number === 4);
});

test("a table whose fields are not those of the program's map is refused before anything reaches the kernel", () => {
  const before = holdings();
  const receiver = { batch() {}, status() {}, complete() {}, error() {} };
  const spec = { name: "tables", bytes: () => bytes, variants: [{ programs: ["tick"] }] };
  const wrong = table("numbers", { key: { ...key, more: u32("") }, value: { ...value, sum: u32("") } });
  expect(() => sourceOf(spec, wrong, () => ({}))(receiver)).toThrow(
    new LayoutError("the key of numbers_0", ["the program has no more"]),
  );
  expect(() => sourceOf(spec, table("no_such", { key, value }), () => ({}))(receiver)).toThrow(
    "the program has no map no_such_0 whose key is a struct",
  );
  expect(holdings()).toEqual(before);
});
