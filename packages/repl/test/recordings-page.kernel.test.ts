import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import type { Frame, Histogram } from "@rxbpf/core";
import { cgroupMounts } from "@rxbpf/filters";
import { replay } from "@rxbpf/sinks";
import { lastValueFrom, toArray } from "rxjs";
import { afterAll, beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { containerId } from "../../../testing/engines.js";
import { queryByDuckDb } from "../../../testing/duckdb.js";
import { queryByPolars } from "../../../testing/polars.js";
import { type Outcome, run, start } from "../../../testing/programs.js";
import { commandLine } from "./cli.js";

// The page on recordings is followed here, block by block, as it stands there.
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(path.join(repository, "docs/recordings.md"), "utf8");
const blocks = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, text = ""]) => ({ language, text }));
const inLanguage = (wanted: string): string[] =>
  blocks.flatMap(({ language, text }) => (language === wanted ? text : []));
const [service = ""] = inLanguage("ini");
const [record = "", toParquet = "", toProcesses = "", load = "", toViewers = "", ...otherCommands] = inLanguage("sh");
const [misses = "", perSecond = "", commands = "", byContainer = "", ...others] = inLanguage("sql");
const [views = "", named = "", about = "", ...ofTables] = others;
const [distribution = "", slow = "", median = "", programs = "", functions = "", below = "", ...otherQueries] =
  ofTables;

// Questions have the same answers wherever they are asked.
process.env.TZ = "America/New_York";

let folder: string;
let recorded: Outcome;
const container = containerId();
const cgroup = `${cgroupMounts()[0]!.path}/docker-${container}.scope`;
let opens: Readonly<Record<string, unknown>>[];

beforeAll(async () => {
  build();
  folder = mkdtempSync(path.join(tmpdir(), "rxbpf-page-"));
  symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(path.join(folder, "hello.c"), '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n');
  // In a container that nobody names.
  mkdirSync(cgroup);
  recorded = await follow(`echo 0 > ${cgroup}/cgroup.procs; ${record}`);
  for (const block of [toParquet, toProcesses, load]) {
    const { status, stderr } = await follow(block);
    if (status !== 0) throw new Error(`${block}: ${stderr}`);
  }
  opens = await lastValueFrom(replay(path.join(folder, "recording/opensnoop.arrow")).pipe(toArray()));
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmdirSync(cgroup);
});

const follow = (block: string): Promise<Outcome> => run("bash", ["-ec", `cd ${folder}; ${block}`]);

type Row = Readonly<Record<string, unknown>>;

/** Rows with what engines have different types for made the same. */
const plain = (rows: readonly Row[]): Row[] =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
    ),
  );

async function byDuckDb(question: string): Promise<Row[]> {
  return plain((await queryByDuckDb(question, { before: views, folder })).rows);
}

function byPolars(question: string): Row[] {
  const file = (name: string): string => path.join(folder, `recording/${name}.arrow`);
  return plain(queryByPolars(question, { opens: file("opensnoop"), execs: file("execsnoop") }));
}

/** How often what `name` gives occurs among opens. */
function counts(rows: readonly Row[], name: (row: Row) => readonly string[]): [string[], number][] {
  const found = new Map<string, number>();
  for (const row of rows) {
    const key = JSON.stringify(name(row));
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return [...found].map(([key, count]) => [JSON.parse(key) as string[], count]);
}

const order = (a: readonly string[], b: readonly string[]): number =>
  Buffer.compare(Buffer.from(a.join("\0")), Buffer.from(b.join("\0")));

test("every block of the page is known here", () => {
  expect(blocks.map(({ language }) => language).sort()).toEqual([
    "ini",
    ...Array(3).fill("python"),
    ...Array(5).fill("sh"),
    ...Array(13).fill("sql"),
  ]);
  expect([...otherCommands, ...otherQueries]).toEqual([]);
});

test("viewers get their files", async () => {
  expect(await follow(toViewers)).toMatchObject({ status: 0 });
  for (const file of ["trace.json", "profile.speedscope.json", "profile.pb.gz", "profile.folded"])
    expect(statSync(path.join(folder, file)).size, file).toBeGreaterThan(500);
});

test("the recording is made, and told of", () => {
  expect(recorded).toMatchObject({ status: 0 });
  expect(recorded.stdout).toMatch(/^probe +execsnoop$/m);
  expect(recorded.stdout).toMatch(/^probe +opensnoop$/m);
  expect(recorded.stdout).toMatch(/^lost +none$/m);
});

test("the engines are asked in a time zone that is not UTC, and told to answer in it", async () => {
  const zone = "SELECT current_setting('TimeZone') AS zone";
  expect((await queryByDuckDb(zone)).rows).toEqual([{ zone: "America/New_York" }]);
  expect(await byDuckDb(zone)).toEqual([{ zone: "UTC" }]);
  const hour = "SELECT strftime(time, '%H') AS hour FROM opens LIMIT 1";
  const expected = [{ hour: new Date(opens[0]!["time"] as number).toISOString().slice(11, 13) }];
  expect(await byDuckDb(hour)).toEqual(expected);
  expect(byPolars(hour)).toEqual(expected);
  for (const python of inLanguage("python").filter((text) => text.includes("duckdb")))
    expect(python).toMatch(/duckdb\.sql\("SET TimeZone = 'UTC'"\)\n[^]*duckdb\.sql\(question\)/);
});

test("the service's command makes the first of its files, and ends with the service", async () => {
  const directory = path.join(folder, "service");
  const [, ...words] = /^ExecStart=(.*)$/m.exec(service)![1]!.replace("/var/lib/opens/", `${directory}/`).split(" ");
  const [command, ...args] = commandLine(...words);
  const running = start(command, args);
  const names = (): string[] => (existsSync(directory) ? readdirSync(directory) : []);
  const name = expect.stringMatching(/^opensnoop-\d{8}T\d{6}Z-000001\.arrow$/);
  await expect.poll(names, { timeout: 10_000 }).toEqual([name]);
  running.kill("SIGTERM");
  await running.ended();
});

test("the files that are missing most, the same by DuckDB, by polars and counted here", async () => {
  const expected = counts(
    opens.filter(({ ret }) => ret === -2),
    ({ path, comm }) => [path as string, comm as string],
  )
    .sort(([a, n], [b, m]) => m - n || order(a, b))
    .slice(0, 10)
    .map(([[path, comm], misses]) => ({ path, comm, misses }));
  expect(expected).toHaveLength(10);
  expect(await byDuckDb(misses)).toEqual(expected);
  expect(byPolars(misses)).toEqual(expected);
});

test("the files that each command opens in each second, the same by all", async () => {
  const second = (time: unknown): string => new Date(time as number).toISOString().slice(11, 19);
  const expected = counts(opens, ({ time, comm }) => [second(time), comm as string])
    .map(([[second = "", comm = ""], files]) => ({ second, comm, files }))
    .sort((a, b) => order([a.second], [b.second]) || b.files - a.files || order([a.comm], [b.comm]));
  // The compiler may have run from one second into the next.
  const compiler = expected.filter(({ comm }) => /^(cc1|clang)/.test(comm)).map(({ files }) => files);
  expect(compiler.reduce((sum, files) => sum + files, 0)).toBeGreaterThan(10);
  expect(await byDuckDb(perSecond)).toEqual(expected);
  expect(byPolars(perSecond)).toEqual(expected);
});

test("the command line that led to the opening of a file, the same by both", async () => {
  const found = byPolars(commands);
  expect(found).toContainEqual(
    expect.objectContaining({ path: "/usr/include/stdio.h", command: expect.stringMatching(/ .*hello\.c/) }),
  );
  const unTimed = (rows: Row[]): Row[] => rows.map(({ opened: _, ...row }) => row);
  expect(unTimed(await byDuckDb(commands))).toEqual(unTimed(found));
});

test("the events of each container, the same by both", async () => {
  const expected = [{ container, files: opens.length }];
  expect(await byDuckDb(byContainer)).toEqual(expected);
  expect(byPolars(byContainer)).toEqual(expected);
});

test("processes of the command are named, and no others", async () => {
  const lines = readFileSync(path.join(folder, "processes.ndjson"), "utf8").trim().split("\n");
  const commands = lines.map((line) => (JSON.parse(line) as { args: string[] }).args.join(" "));
  expect(commands.some((command) => command.includes("hello.c"))).toBe(true);
  expect(lines.map((line) => JSON.parse(line).pid)).not.toContain(process.pid);
  const rows = await byDuckDb(named);
  expect(rows.length).toBeGreaterThan(0);
  for (const { files } of rows) expect(files).toBeGreaterThan(0);
});

test("what the recording says of itself", async () => {
  const said = Object.fromEntries((await byDuckDb(about)).map(({ key, value }) => [key, value]));
  expect(said).toMatchObject({ "rxbpf.probe": "opensnoop", "rxbpf.lost": "{}" });
});

test("a histogram is asked in DuckDB, and counted here", async () => {
  type Waits = { readonly rows: readonly { readonly latency: Histogram }[] };
  const tables = await lastValueFrom(replay<Waits>(path.join(folder, "load/runqlat.arrow")).pipe(toArray()));
  const buckets = new Map<number, number>();
  for (const { from, count } of tables.flatMap(({ rows }) => rows.flatMap(({ latency }) => latency.buckets)))
    if (count > 0) buckets.set(Math.max(from, 1), (buckets.get(Math.max(from, 1)) ?? 0) + count);
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const waits = sorted.reduce((sum, [, count]) => sum + count, 0);
  expect(waits).toBeGreaterThan(100);
  let upTo = 0;
  const expected = sorted.map(([atLeastUs, count]) => ({ atLeastUs, waits: count, share: (upTo += count) / waits }));
  expect(await byDuckDb(distribution)).toEqual(expected);
  const late = sorted.filter(([from]) => from >= 1024).reduce((sum, [, count]) => sum + count, 0);
  expect(await byDuckDb(slow)).toEqual([{ slow: late, waits }]);
  const half = expected.find(({ share }) => share >= 0.5)!;
  expect(await byDuckDb(median)).toEqual([{ n: Math.log2(half.atLeastUs) }]);
});

test("a profile is asked in DuckDB, and counted here", async () => {
  type Samples = {
    readonly rows: readonly {
      readonly comm: string;
      readonly count: number;
      readonly kernelStack: readonly Frame[];
      readonly userStack: readonly Frame[];
    }[];
  };
  const tables = await lastValueFrom(replay<Samples>(path.join(folder, "load/profile.arrow")).pipe(toArray()));
  const rows = tables.flatMap(({ rows }) => rows);
  const sums = <K>(key: (row: (typeof rows)[number]) => K): [K, number][] => {
    const found = new Map<K, number>();
    for (const row of rows) found.set(key(row), (found.get(key(row)) ?? 0) + row.count);
    const name = (key: K): string => (key === undefined ? "\uffff" : String(key)); // DuckDB puts what is missing last
    return [...found].sort(([a, n], [b, m]) => m - n || order([name(a)], [name(b)]));
  };
  const all = rows.reduce((sum, { count }) => sum + count, 0);
  const byProgram = sums(({ comm }) => comm).slice(0, 10);
  expect((await byDuckDb(programs)).map(({ comm, samples }) => [comm, samples])).toEqual(byProgram);
  const [first] = await byDuckDb(programs);
  expect(first!["percent"]).toBeCloseTo((100 * byProgram[0]![1]) / all, 1);
  expect(byProgram.map(([comm]) => comm)).toContain("ls");
  const byFunction = sums(({ kernelStack, userStack }) => (kernelStack[0] ?? userStack[0])?.name).slice(0, 10);
  expect((await byDuckDb(functions)).map(({ function: name, samples }) => [name ?? undefined, samples])).toEqual(
    byFunction,
  );
  const inFaults = sums(({ comm, kernelStack }) =>
    kernelStack.some(({ name }) => name.endsWith("exc_page_fault")) ? comm : "",
  ).filter(([comm]) => comm !== "");
  expect((await byDuckDb(below)).map(({ comm, samples }) => [comm, samples])).toEqual(inFaults);
  expect(inFaults.map(([comm]) => comm)).toContain("ls");
});
