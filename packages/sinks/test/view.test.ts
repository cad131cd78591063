import { mkdirSync, readdirSync, statSync, truncateSync } from "node:fs";

import { EventStream, Table } from "@rxbpf/core";
import { chars, type NamedCgroup, schema, showingNames, u32, u64, who } from "@rxbpf/core/events";
import {
  cgroupsIn,
  exportParquet,
  type Newcomers,
  readRecording,
  recover,
  replay,
  type ReplayOptions,
  seriesAt,
  type Snapshot,
  toArrow,
} from "@rxbpf/sinks";
import { lastValueFrom, toArray } from "rxjs";
import { beforeEach, expect, test } from "vitest";

import { queryByDuckDb } from "../../../testing/duckdb.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";

const folder = temporaryFolder();
let path = "";
let count = 0;
beforeEach(() => void (path = `${folder}/${++count}.arrow`));

const WEB: NamedCgroup = { id: 7, path: "/docker/web", container: "web", unit: "a.service", pod: "shop/web-0" };
const DB: NamedCgroup = { id: 8, path: "/docker/db\n\u001b[2J", container: "db\n\u001b[2J" };
const HOST: NamedCgroup = { id: 9, path: "/" };

const event = (pid: number, cgroupId: number): object => ({
  ...{ time: pid, pid, tid: pid, ppid: 1, execId: pid, uid: 0, comm: "sh", cgroupId, mntnsId: 2, cpu: 0 },
});

/** Records events of these cgroups, each by its id, with the names of those that the machine knows. */
async function recorded(ids: readonly number[], known: readonly NamedCgroup[], options: object = {}): Promise<string> {
  const fields = showingNames(schema("event", who).fields, []);
  const info = { name: "who", schema: { struct: "event", fields }, columns: () => [] };
  const snapshot = (of?: Newcomers): Snapshot => {
    const cgroups = of ? known.filter(({ id }) => of.cgroupIds.has(id)) : [];
    return { type: "snapshot", time: 1, processes: [], cgroups };
  };
  const events = ids.map((id, i) => event(i + 1, id));
  await run(EventStream.of(info, events).pipe(toArrow(path, { snapshot, ...options })));
  return path;
}

const rows = (from: string, options: ReplayOptions): Promise<Readonly<Record<string, unknown>>[]> =>
  lastValueFrom(replay(from, options).pipe(toArray()));

const insideOf =
  (...containers: string[]): ReplayOptions["inside"] =>
  (cgroups) =>
  (id) =>
    containers.includes(cgroups.get(id)?.container ?? "");

const SHOW = ["container", "unit", "pod", "cgroup"] as const;

test("events get the names that the recording has, and a cgroup without one none", async () => {
  await recorded([7, 8, 9, 10, 7], [WEB, DB, HOST]);
  const stream = replay(path, { show: SHOW });
  expect(Object.keys(stream.info.schema.fields).slice(-4)).toEqual(["container", "unit", "pod", "cgroupPath"]);
  const named = { container: "web", unit: "a.service", pod: "shop/web-0", cgroupPath: "/docker/web" };
  expect(await lastValueFrom(stream.pipe(toArray()))).toEqual([
    { ...event(1, 7), ...named },
    { ...event(2, 8), container: DB.container, cgroupPath: DB.path },
    { ...event(3, 9), cgroupPath: "/" },
    event(4, 10),
    { ...event(5, 7), ...named },
  ]);
  expect(await rows(path, { show: ["pod"] })).toContainEqual({ ...event(1, 7), pod: "shop/web-0" });
  expect(await rows(path, {})).toContainEqual(event(1, 7));
});

test("events of some cgroups are chosen, with the losses between them", async () => {
  const fields = showingNames(schema("event", who).fields, []);
  const info = { name: "who", schema: { struct: "event", fields }, columns: () => [] };
  const lost = { type: "lost", time: 1, count: 5, total: 5, reason: "ring full" } as const;
  const stream = new EventStream<object>(info, (receiver) => {
    setImmediate(() => {
      receiver.batch({ length: 3, row: (i) => event(i + 1, 7 + (i % 2)) });
      receiver.status(lost);
      receiver.batch({ length: 2, row: (i) => event(i + 4, 8 - (i % 2)) });
      receiver.complete();
    });
    return { stop() {}, close() {}, hold() {}, release() {} };
  });
  const snapshot = (): Snapshot => ({ type: "snapshot", time: 1, processes: [], cgroups: [WEB, DB] });
  await run(stream.pipe(toArrow(path, { snapshot })));
  const seen: unknown[] = [];
  const chosen = replay<{ pid: number }>(path, { inside: insideOf("web") });
  chosen.losses.subscribe(({ count }) => seen.push(`lost ${count}`));
  await new Promise<void>((complete) => chosen.subscribe({ next: ({ pid }) => seen.push(pid), complete }));
  expect(seen).toEqual([1, 3, "lost 5", 5]);
});

test("rows of tables too, and a table of which none is left stays a table", async () => {
  const fields = { time: who.time, pid: u32("pid"), cgroupId: u64("cgroup"), comm: chars("name") };
  const info = { name: "count", tables: true, schema: { struct: "", fields }, columns: () => [] };
  const row = (time: number, pid: number, cgroupId: number) => ({ time, pid, cgroupId, comm: "sh" });
  const tables = [new Table(1, [row(1, 1, 7), row(1, 2, 8)]), new Table(2, [row(2, 3, 7)])];
  const snapshot = (): Snapshot => ({ type: "snapshot", time: 1, processes: [], cgroups: [WEB, DB] });
  await run(EventStream.of(info, tables).pipe(toArrow(path, { snapshot })));
  const found = (await rows(path, { show: ["container"], inside: insideOf("web") })) as unknown as Table<object>[];
  expect(found.map((table) => table.rows)).toEqual([
    [{ ...row(1, 1, 7), container: "web" }],
    [{ ...row(2, 3, 7), container: "web" }],
  ]);
});

test("ids of another boot are others: each recording is read by its own names, and those of its boot", async () => {
  const directory = `${folder}/boots-${count}`;
  mkdirSync(directory);
  path = `${directory}/a.arrow`;
  await recorded([7, 8], [WEB]);
  path = `${directory}/b.arrow`;
  await recorded([7, 8], [DB]);
  // Of one boot what one file names, the other can be read by.
  expect((await rows(directory, { show: ["container"] })).map((row) => row["container"])).toEqual([
    ...["web", DB.container],
    ...["web", DB.container],
  ]);
  const [series] = seriesAt(directory);
  const rebooted = series.map((one, i) => ({ ...one, info: { ...one.info, boot: `boot ${i}` } }));
  const tables = rebooted.map(cgroupsIn(rebooted));
  expect(tables.map((table) => [...table.values()])).toEqual([[WEB], [DB]]);
});

test("every file of a rotated recording names its cgroups", async () => {
  const directory = `${folder}/rotated-${count}`;
  mkdirSync(directory);
  path = `${directory}/r.arrow`;
  await recorded([7, 8, 7, 8], [WEB, DB], { batchRows: 1, rotate: { bytes: 1 } });
  const files = readdirSync(directory).map((name) => `${directory}/${name}`);
  expect(files.length).toBeGreaterThan(2);
  const named = await Promise.all(files.map((file) => rows(file, { show: ["container"] })));
  expect(named.flat().map((row) => row["container"])).toEqual(["web", DB.container, "web", DB.container]);
});

test("a name stands beside the first event from its cgroup, so a recording that is cut has it, and one that is recovered", async () => {
  await recorded([7, 8], [WEB, DB], { batchRows: 1 });
  const eventsIn = () => [...readRecording(path).batches()].reduce((sum, { length }) => sum + length, 0);
  for (let { size } = statSync(path); eventsIn() > 1; size--) truncateSync(path, size);
  expect((await rows(path, { show: ["container"] })).map((row) => row["container"])).toEqual(["web"]);
  await recover(path);
  expect((await rows(path, { inside: insideOf("web", "db") })).map((row) => row["pid"])).toEqual([1]);
});

test("a Parquet file has the same columns and events", async () => {
  await recorded([7, 8, 9], [WEB, DB, HOST]);
  await exportParquet(path, `${path}.parquet`, { show: SHOW, inside: (cgroups) => (id) => cgroups.has(id) && id < 9 });
  const { rows: read } = await queryByDuckDb(`SELECT container, unit, pod, cgroupPath FROM '${path}.parquet'`);
  expect(read).toEqual([
    { container: "web", unit: "a.service", pod: "shop/web-0", cgroupPath: "/docker/web" },
    { container: DB.container, unit: null, pod: null, cgroupPath: DB.path },
  ]);
});

test("a field that was recorded stays as it was", async () => {
  const fields = showingNames(schema("event", who).fields, ["container"]);
  const info = { name: "who", schema: { struct: "event", fields }, columns: () => [] };
  const snapshot = (): Snapshot => ({ type: "snapshot", time: 1, processes: [], cgroups: [WEB] });
  const events = [{ ...event(1, 7), container: "before" }, event(2, 7)];
  await run(EventStream.of(info, events).pipe(toArrow(path, { snapshot })));
  const shown = await rows(path, { show: ["container", "unit"] });
  expect(shown).toEqual([
    { ...event(1, 7), container: "before", unit: "a.service" },
    { ...event(2, 7), unit: "a.service" },
  ]);
});
