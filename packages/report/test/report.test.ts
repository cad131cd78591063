import { readFileSync, statSync, truncateSync } from "node:fs";
import path from "node:path";

import { EventStream, Histogram, type Lost, Table } from "@rxbpf/core";
import {
  choice,
  histogramOf,
  i32,
  measured,
  optional,
  schema,
  text,
  texts,
  time,
  u32,
  u64,
  userStack,
  who,
} from "@rxbpf/core/events";
import { writeReport } from "@rxbpf/report";
import { toArrow } from "@rxbpf/sinks";
import { lastValueFrom } from "rxjs";
import { expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { type Column, numberAt, type Page, readPage } from "../src/page/data.js";
import { processesOf } from "../src/page/processes.js";
import { ratesOf } from "../src/page/rates.js";
import { rolesOf } from "../src/page/roles.js";
import { byFolder, byProcess, Selection } from "../src/page/selection.js";
import { measureOf, sumOf } from "../src/page/sums.js";

const folder = temporaryFolder();
const START = 1_700_000_000_000;

/** A probe that no line of the page knows. */
const readEvent = schema("read_event", {
  ...who,
  ret: i32("0, or the negative error number"),
  where: text("the file"),
  how: choice("how it was read", ["whole", "part"]),
  tookNs: measured(u64("how long it took"), "ns"),
  bytes: measured(u32("how much it read"), "bytes"),
  args: texts("some words"),
  more: optional(text("a text that some have")),
});

type Row = Readonly<Record<string, unknown>>;

const read = (i: number, values: Row = {}): Row => ({
  ...{
    time: START + i / 4,
    pid: 10 + (i % 3),
    tid: 10,
    ppid: 1,
    execId: 1000 + (i % 3),
    uid: 0,
    comm: `reader${i % 3}`,
  },
  ...{
    cgroupId: 1,
    mntnsId: 1,
    cpu: 0,
    ret: i % 5 === 4 ? -2 : 0,
    where: `/data/${i % 2 ? "odd" : "even"}/${i % 40}`,
    how: i % 2 ? "whole" : "part",
  },
  ...{ tookNs: 1000 * i, bytes: i, args: ["a", `b ${i % 2}`], ...(i % 2 && { more: `text ${i}` }) },
  ...values,
});

const lost = (count: number, reason: string, at: number): Lost => ({
  type: "lost",
  time: START + at,
  count,
  total: count,
  reason,
});

/** Records rows and losses, and returns the path. */
async function record(
  name: string,
  parts: readonly (Row | Lost | Table<Row>)[],
  info: object = {},
  options: object = {},
): Promise<string> {
  const file = path.join(folder, `${name}.arrow`);
  const about = { name, schema: readEvent, options: { failed: true }, columns: () => [], ...info };
  const stream = new EventStream<Row | Table<Row>>(about as never, (receiver) => {
    const timer = setImmediate(() => {
      for (const part of parts) {
        if ("reason" in part) receiver.status(part as Lost);
        else receiver.batch({ length: 1, row: () => part as Row });
      }
      receiver.complete();
    });
    return { stop: () => {}, close: () => clearImmediate(timer), hold: () => {}, release: () => {} };
  });
  await lastValueFrom(stream.pipe(toArrow(file, { force: true, ...options })), { defaultValue: undefined });
  return file;
}

let pages = 0;

/** The page of a recording, as a browser reads it, and its text. */
async function report(
  recording: string | readonly string[],
  options: object = {},
): Promise<{ page: Page; html: string }> {
  const file = path.join(folder, `${++pages}.html`);
  await writeReport(recording, file, options);
  const html = readFileSync(file, "utf8");
  return { page: await readPage(/id="data">([^<]*)</.exec(html)![1]!), html };
}

const column = (page: Page, name: string): Column => page.series[0]!.columns.find((one) => one.name === name)!;
const values = (page: Page, name: string): unknown[] => {
  const found = column(page, name);
  return Array.from(found.values, (id, row) => (found.dictionary ? found.dictionary[id] : numberAt(found, row)));
};
const rows = (count: number): Row[] => Array.from({ length: count }, (_, i) => read(i));

test("a page holds every value of every field", async () => {
  const { page } = await report(await record("reads", rows(1000)));
  const [series] = page.series;
  expect(series).toMatchObject({ probe: "reads", events: 1000, kept: 1000, every: 1, lost: [], losses: [] });
  const expected = rows(1000);
  for (const name of ["pid", "execId", "comm", "ret", "where", "how", "tookNs", "bytes"])
    expect(values(page, name), name).toEqual(expected.map((row) => row[name]));
  expect(values(page, "args")).toEqual(expected.map((_, i) => `a 'b ${i % 2}'`));
  expect(values(page, "more")).toEqual(expected.map((_, i) => (i % 2 ? `text ${i}` : null)));
  expect(Array.from(series!.time!, (at) => Math.round(at * 1e6))).toEqual(expected.map((_, i) => i * 250));
  expect(page.errors).toEqual([[2, "ENOENT"]]);
});

test("what the views are follows from kinds, units and values", async () => {
  const { page } = await report(await record("roles", rows(1000)));
  const roles = rolesOf(page.series[0]!);
  const names = (columns: readonly Column[]): string[] => columns.map(({ name }) => name);
  // `args` tells the same as `how`.
  expect(names(roles.lists)).toEqual(["comm", "how", "more"]);
  expect(names(roles.paths)).toEqual(["where"]);
  expect(roles.tree?.name).toBe("where");
  expect(roles.result?.name).toBe("ret");
  expect(names(roles.durations)).toEqual(["tookNs"]);
  expect(names(roles.measures)).toEqual(["tookNs", "bytes"]);
});

test("of more events than it may hold it has every second, fourth, ...: totals stay exact, sums are estimates", async () => {
  const { page } = await report(await record("many", [...rows(10_001), lost(7, "ring full", 5)]), { events: 1000 });
  const [series] = page.series;
  expect(series).toMatchObject({ events: 10_001, every: 16, kept: 626, lost: [["ring full", 7]] });
  expect(values(page, "bytes")).toEqual(Array.from({ length: 626 }, (_, i) => 16 * i));
  expect(values(page, "where")).toEqual(Array.from({ length: 626 }, (_, i) => read(16 * i).where));
  expect(column(page, "where").dictionary).toHaveLength(5);
  const measure = measureOf(series!, undefined);
  expect(measure.text(sumOf(new Selection(() => {}).of(series!).rows, measure))).toBe("≈ 10,016");
});

test("a selection leaves the events of a process, of a folder, of a span", async () => {
  const { page } = await report(await record("selected", rows(900)));
  const [series] = page.series;
  const selection = new Selection(() => {});
  const process = processesOf(page).get(1001)!;
  expect(process).toMatchObject({ pid: 11, comm: "reader1", hasStart: true, command: "a 'b 1'" });
  selection.toggle(byProcess(process));
  expect(selection.of(series!).rows).toHaveLength(300);
  selection.toggle(byFolder("where", "/data/odd"));
  expect(selection.of(series!).rows).toHaveLength(150);
  selection.chooseSpan({ from: 0, to: 0.1 });
  expect(selection.of(series!)).toMatchObject({ anyTime: { length: 150 }, without: [] });
  expect(selection.of(series!).rows).toHaveLength(67);
  selection.toggle(byProcess(process));
  selection.toggle(byFolder("where", "/data/odd"));
  expect(selection.of(series!).rows).toHaveLength(401);
});

test("processes and cgroups have the names that the recording tells", async () => {
  const process = {
    pid: 10,
    execId: 1000,
    start: START - 5000,
    ppid: 1,
    uid: 0,
    comm: "old",
    args: ["old", "one"],
    cgroupId: 1,
    mntnsId: 1,
  };
  const snapshot = () => ({
    type: "snapshot",
    time: START,
    processes: [process, { ...process, execId: 999 }],
    cgroups: [
      { id: 1, path: "/docker/<b>", container: "web\u202e" },
      { id: 2, path: "/other" },
    ],
  });
  const { page } = await report(
    await record(
      "named",
      rows(10).map((row) => ({ ...row, args: [] })),
      {},
      { snapshot },
    ),
  );
  expect(page.cgroups).toEqual([{ id: 1, path: "/docker/<b>", container: "web\\u202e" }]);
  expect(page.processes.map(({ execId, command }) => [execId, command])).toEqual([[1000, "old one"]]);
});

test("tables: histograms and stacks, spread over the time that they count", async () => {
  const fields = {
    time: time("when"),
    count: u64("how often"),
    latency: histogramOf("how long", "log2", "us"),
    stack: userStack("where"),
  };
  const frame = (name: string) => ({ name, offset: 1, module: "app", address: "0x1" });
  const table = (at: number, count: number): Table<Row> =>
    new Table<Row>(START + at, [
      {
        time: START + at,
        count,
        latency: new Histogram([1, count], "log2", "us"),
        stack: [frame("inner"), frame("<main>")],
      },
    ]);
  const info = { schema: schema("table", fields), tables: true };
  const event = await record("before", [read(0)]);
  const { page } = await report([event, await record("tables", [table(1000, 10), table(3000, 40)], info)]);
  const series = page.series[1]!;
  expect(series).toMatchObject({ tables: true, events: 2 });
  const roles = rolesOf(series);
  expect(roles.histograms[0]!.dictionary).toEqual([
    [1, 10],
    [1, 40],
  ]);
  expect(roles.stacks[0]!.dictionary).toEqual([["inner\tapp", "<main>\tapp"]]);
  const rates = ratesOf(series, Uint32Array.of(0, 1), measureOf(series, roles.measures[0]), page.span);
  expect(rates[40]).toBeCloseTo(10);
  expect(rates[200]).toBeCloseTo(20);
});

test("several recordings stand side by side, a cut one as far as it goes, with its state", async () => {
  const whole = await record("whole", rows(10));
  const cut = await record("cut", rows(10));
  truncateSync(cut, statSync(cut).size - 20);
  const empty = await record("empty", []);
  const { page } = await report([whole, cut, empty]);
  expect(page.series.map(({ name, events }) => [name, events])).toEqual([
    ["whole", 10],
    ["cut", 10],
    ["empty", 0],
  ]);
  const states = page.series.map(({ facts }) => Object.fromEntries(facts).state);
  expect(states).toEqual(["whole", expect.stringContaining("is not finished"), "whole"]);
});

test("nothing of a recording gets into the markup, and nothing but the page's own script may run", async () => {
  const hostile = "</script><script>hacked()</script>";
  const event = read(1, { where: hostile, comm: hostile, args: [hostile, "\u202e\u0000"] });
  const file = await record(hostile.replaceAll("/", "-"), [event, lost(1, hostile, 1)], { options: { x: hostile } });
  const { page, html } = await report(file);
  expect(values(page, "where")).toEqual([hostile]);
  expect(values(page, "args")).toEqual([`'${hostile}' '\\u202e\\x00'`]);
  expect(html).not.toContain("hacked");
  const [policy] = /(?<=Security-Policy" content=")[^"]*/.exec(html)!;
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'sha256-[^']*'; style-src 'sha256-[^']*'; base-uri 'none'; form-action 'none'$/,
  );
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html.length).toBeLessThan(500_000);
});

test("a page is a new file with mode 0600; what cannot be made leaves none", async () => {
  const recording = await record("small", rows(3));
  const file = path.join(folder, "page.html");
  const told: number[] = [];
  const made = await writeReport(recording, file, { progress: ({ rows }) => told.push(rows) });
  expect(told.at(-1)).toBe(3);
  expect(made).toEqual({ bytes: statSync(file).size, series: [{ probe: "small", events: 3, every: 1, lost: 0 }] });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await expect(writeReport(recording, file)).rejects.toThrow("it exists already");
  const other = path.join(folder, "other.html");
  await expect(writeReport(recording, other, { events: 0 })).rejects.toThrow("events takes a number from 1 on, not 0");
  await expect(writeReport(file, other)).rejects.toThrow(`Cannot read ${file}: not a recording of rxbpf`);
  await expect(writeReport(recording, other, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  expect(statSync(other, { throwIfNoEntry: false })).toBeUndefined();
});
