import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";

import { DuckDBListValue } from "@duckdb/node-api";
import { type Batch, EventStream } from "@rxbpf/core";
import { runningProcesses } from "@rxbpf/filters";
import { execsnoop, opensnoop } from "@rxbpf/probes";
import { readRecording, replay, toArrow } from "@rxbpf/sinks";
import { filter, firstValueFrom, lastValueFrom, Subject, toArray } from "rxjs";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { queryByDuckDb } from "../../../testing/duckdb.js";
import { tableFromIPC } from "../../../testing/flechette.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf } from "./cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

/** A stream that also keeps the rows of what it delivers, made from the same records. */
function witnessed<E>(stream: EventStream<E>, rows: E[]): { stream: EventStream<E>; columns: () => number } {
  let records = 0;
  const keep = (batch: Batch<E>): void => {
    if (batch.records) records += batch.length;
    for (let i = 0; i < batch.length; i++) rows.push(batch.row(i));
  };
  const both = new EventStream<E>(stream.info, (receiver) =>
    stream.connect({
      ...receiver,
      batch(batch) {
        keep(batch);
        receiver.batch(batch);
      },
    }),
  );
  return { stream: both, columns: () => records };
}

const HOSTILE = [
  Buffer.from("plain"),
  Buffer.from("new\nline\x1b[2J\x07"),
  Buffer.from([0x2f, 0xff, 0xfe, 0xc3, 0x28]),
  Buffer.from("\ufeff bom"),
  Buffer.from("😀ä\u202e"),
  Buffer.from(`/${"x".repeat(250)}`.repeat(16)),
];

test("what opensnoop recorded in columns replays as the rows of the same events, whatever the paths", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const stop = new Subject<void>();
  const rows: unknown[] = [];
  const { stream, columns } = witnessed(opensnoop({ name: "opener" }), rows as never[]);
  const ready = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const done = lastValueFrom(stream.until(stop).pipe(toArrow(path)));
  await ready;
  // Perl opens bytes as they are.
  const opens = HOSTILE.map((name) => `open(F, "<", pack("H*", "${name.toString("hex")}"));`).join("");
  await run("perl", ["-e", `$0 = "opener"; for (1 .. 50) { ${opens} }`]);
  await expect.poll(() => rows.length, { timeout: 5000 }).toBeGreaterThanOrEqual(HOSTILE.length * 50);
  stop.next();
  const progress = await done;

  expect(progress).toMatchObject({ rows: rows.length, lost: 0 });
  expect(columns()).toBe(rows.length);
  const replayed = await lastValueFrom(replay(path).pipe(toArray()));
  expect(replayed).toEqual(rows);
  const paths = new Set(replayed.map((row) => row["path"]));
  for (const name of HOSTILE) expect(paths).toContain(name.toString("utf8"));
  expect(statSync(path).mode & 0o777).toBe(0o600);

  const table = tableFromIPC(readFileSync(path), { useBigInt: true });
  expect(table.numRows).toBe(rows.length);
  const ids = rows.map((row) => BigInt((row as { cgroupId: number }).cgroupId));
  expect([...(table.getChild("cgroupId") as Iterable<bigint>)]).toEqual(ids);
});

test("arguments are recorded whole, as lists", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const stop = new Subject<void>();
  const rows: unknown[] = [];
  const { stream } = witnessed(execsnoop(), rows as never[]);
  const ready = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const done = lastValueFrom(stream.until(stop).pipe(toArrow(path)));
  await ready;
  const args = ["", "a b", "line\nbreak", "ä", "x".repeat(3000)];
  const { pid } = await run("true", args);
  await expect.poll(() => rows.length, { timeout: 5000 }).toBeGreaterThan(0);
  stop.next();
  await done;
  const replayed = await lastValueFrom(replay(path).pipe(toArray()));
  expect(replayed).toEqual(rows);
  expect(replayed.find((row) => row["pid"] === pid)?.["args"]).toEqual(["true", ...args]);
});

test("several probes around a command: a file each, replayed as each would have shown it", async () => {
  const directory = `${folder}/${uniqueName()}`;
  const missing = `/tmp/${uniqueName()}`;
  const outcome = await rxbpf("record", "opensnoop", "execsnoop", "-o", directory, "--", "cat", missing);
  expect(outcome).toMatchObject({ status: 0, stdout: "" });
  // Quiet where there is no terminal, but for what the command says.
  expect(outcome.stderr).toMatch(/^cat: .*No such file or directory\n$/);
  expect(readdirSync(directory)).toEqual(["execsnoop.arrow", "opensnoop.arrow"]);

  const opened = await rxbpf("replay", `${directory}/opensnoop.arrow`, "-x", "--name", "cat");
  const lines = opened.stdout.trimEnd().split("\n");
  expect(lines[0]).toBe("PID    COMM               FD ERR PATH");
  expect(lines.slice(1).every((line) => line.includes("cat"))).toBe(true);
  expect(lines.at(-1)).toMatch(new RegExp(`^\\d+ +cat +-1   2 `));
  expect(opened.stdout).toContain(missing);
  const executed = await rxbpf("replay", `${directory}/execsnoop.arrow`, "--json");
  expect(
    executed.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).args),
  ).toContainEqual(["cat", missing]);

  const both = await rxbpf("replay", directory, "--json");
  const events = both.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(new Set(events.map(({ probe }) => probe))).toEqual(new Set(["opensnoop", "execsnoop"]));
  const heads = events.filter(({ pid }) => pid === events.find(({ path }) => path === missing).pid);
  expect(heads[0].probe).toBe("execsnoop");

  const csv = await rxbpf("export", `${directory}/execsnoop.arrow`, "--csv");
  expect(csv.stdout.split("\n")[0]).toBe(Object.keys(execsnoop.definition.event.fields).join(","));
  const parquet = `${directory}/execs.parquet`;
  expect(await rxbpf("export", `${directory}/execsnoop.arrow`, "--parquet", "-o", parquet)).toMatchObject({
    status: 0,
    stdout: "",
    stderr: "",
  });
  const { rows } = await queryByDuckDb(`SELECT args FROM '${parquet}'`);
  expect(rows).toContainEqual({ args: new DuckDBListValue(["cat", missing]) });
  const info = JSON.parse((await rxbpf("info", `${directory}/execsnoop.arrow`, "--json")).stdout);
  expect(info).toMatchObject({ probe: "execsnoop", state: "whole", lost: {} });
});

test("an export is refused in one line where it is not clear what to write, or where", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  await rxbpf("record", "opensnoop", "-o", path, "--", "true");
  const before = readFileSync(path);
  for (const [flags, state] of [
    [[], "export takes one of --json, --csv and --parquet"],
    [["--json", "--parquet"], "export takes one of --json, --csv and --parquet"],
    [["--parquet", "-o", path], "--output takes another file than the recording"],
  ] as const)
    expect(await rxbpf("export", path, ...flags)).toEqual(
      expect.objectContaining({ status: 2, stdout: "", stderr: `rxbpf: ${state}\n` }),
    );
  expect(readFileSync(path).equals(before)).toBe(true);
  const full = await rxbpf("export", path, "--parquet", "-o", "/dev/full");
  expect(full).toMatchObject({ status: 1, stderr: "rxbpf: Cannot write to /dev/full: no space left on device\n" });
  for (const format of ["--json", "--csv"]) {
    const output = `${path}${format}`;
    expect(await rxbpf("export", path, format, "-o", output)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(output, "utf8")).toBe((await rxbpf("export", path, format)).stdout);
  }
});

test.each([
  ["SIGINT", []],
  ["SIGTERM", ["--compress"]],
] as const)("%s ends a recording in good order (flags: %j)", async (signal, flags) => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const [command, ...args] = commandLine("record", "opensnoop", "--name", "cat", "-o", path, ...flags);
  const child = start(command, args);
  await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.size ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);
  const paths = Array.from({ length: 300 }, (_, i) => `/tmp/${uniqueName()}-${i}`);
  await run("cat", paths);
  child.kill(signal);
  await child.ended();
  const batches = readRecording(path).batches();
  const found = new Set<unknown>();
  let next = batches.next();
  for (; !next.done; next = batches.next())
    for (let i = 0; i < next.value.length; i++) found.add(next.value.row(i)["path"]);
  expect(next.value).toMatchObject({ finished: true, dropped: 0 });
  expect(paths.filter((one) => !found.has(one))).toEqual([]);
});

test("a recording that rotates keeps the last files", async () => {
  const directory = `${folder}/${uniqueName()}`;
  mkdirSync(directory);
  const loop = "for i in $(seq 60); do cat /etc/hostname; sleep 0.1; done";
  const flags = ["-o", `${directory}/r.arrow`, "--rotate-seconds", "1", "--keep", "3"];
  expect(await rxbpf("record", "opensnoop", ...flags, "--", "sh", "-c", loop)).toMatchObject({ status: 0 });
  const names = readdirSync(directory);
  expect(names).toHaveLength(3);
  for (const name of names) expect(readRecording(`${directory}/${name}`).info.probe).toBe("opensnoop");
  expect((await rxbpf("replay", directory)).stdout).toContain("/etc/hostname");
});

test("--duration ends it, a probe that cannot start is one line, and so are wrong flags", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  expect(await rxbpf("record", "opensnoop", "-o", path, "--duration", "1")).toMatchObject({ status: 0, stderr: "" });
  expect(readRecording(path).info.options).toEqual({ duration: 1 });
  const none = await rxbpf("record", "opensnoop", "-o", path, "--cgroupmap", folder);
  expect(none).toMatchObject({ status: 1, stdout: "" });
  expect(none.stderr.trimEnd().split("\n")).toHaveLength(1);
  for (const wrong of [
    ["nosuch"],
    ["opensnoop"],
    [],
    ["opensnoop", "-o", path, "--nope"],
    ["opensnoop", "--keep", "1"],
  ]) {
    const outcome = await rxbpf("record", ...wrong);
    expect(outcome).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/^rxbpf: .*\n$/);
  }
});

test("a snapshot holds the processes that the trace would see, and no other", async () => {
  const child = start("sleep", ["60"]);
  const path = `${folder}/${uniqueName()}.arrow`;
  await rxbpf("record", "opensnoop", "--pid", String(child.pid), "-o", path, "--duration", "1");
  const notes = [...readRecording(path).batches()].flatMap((batch) => batch.notes.map(({ note }) => note));
  const expected = runningProcesses({}, ({ pid }) => pid === child.pid).processes;
  expect(expected).toMatchObject([{ pid: child.pid, comm: "sleep", args: ["sleep", "60"] }]);
  expect(notes).toEqual([expect.objectContaining({ type: "snapshot", processes: expected })]);
});
