import { mkdtempSync } from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers/promises";

import { joinBy } from "@rxbpf/core";
import { cgroupId } from "@rxbpf/filters";
import { execsnoop, exitsnoop } from "@rxbpf/probes";
import { lastValueFrom, Subject, toArray } from "rxjs";
import { expect, test } from "vitest";

import { insideAndOutside } from "../../../../testing/containers.js";
import { compile, run, start, temporaryFolder } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";

const temporary = temporaryFolder();
const program = compile(new URL("programs/ends.c", import.meta.url), temporary);

/** What programs/ends.c tells of a child. */
interface Ended {
  readonly way: string;
  readonly pid: number;
  readonly exitCode: number;
  readonly signal: number;
  readonly coreDumped: boolean;
  readonly mostUs: number;
}

async function endAll(): Promise<{ pid: number; ended: Ended[] }> {
  const { pid, status, stdout, stderr } = await run(program, [mkdtempSync(path.join(temporary, "ends-"))]);
  expect(status, stderr).toBe(0);
  const lines = stdout.trim().split("\n");
  return { pid, ended: lines.map((line) => JSON.parse(line) as Ended) };
}

test("each process is told once, with the status that its parent gets, and its age", async () => {
  const recording = await record(exitsnoop());
  const failed = await record(exitsnoop({ failed: true }));
  const { pid, ended } = await endAll();
  const events = (await recording.finish()).filter((event) => event.ppid === pid);
  expect(recording.lost()).toBe(0);
  expect(
    events.map(({ exitCode, signal, coreDumped, ...e }) => ({ pid: e.pid, exitCode, signal, coreDumped })),
  ).toEqual(ended.map(({ pid, exitCode, signal, coreDumped }) => ({ pid, exitCode, signal, coreDumped })));
  for (const [i, event] of events.entries()) {
    const { way, mostUs } = ended[i]!;
    expect(event).toMatchObject({ tid: event.pid, uid: 0, comm: way === "thread executes" ? "exit 9" : way });
    expect(event.ageUs).toBeGreaterThanOrEqual(50_000);
    expect(event.ageUs).toBeLessThanOrEqual(mostUs);
    expect(event.time - event.startTime).toBeCloseTo(event.ageUs / 1000, 1);
  }
  const ours = (await failed.finish()).filter((event) => event.ppid === pid);
  expect(ours.map((event) => event.pid)).toEqual(ended.filter(({ way }) => way !== "exit 0").map(({ pid }) => pid));
});

test("processes whose threads end at one moment are told once", async () => {
  const recording = await record(exitsnoop());
  const { pid, stdout } = await run(program, ["many 300"]);
  const events = (await recording.finish()).filter((event) => event.ppid === pid);
  expect(recording.lost()).toBe(0);
  expect(events.map((event) => event.pid)).toEqual(stdout.trim().split("\n").map(Number));
});

test("with perThread each thread is told with its own status, as libbpf-tools' exitsnoop tells it", async () => {
  const witness = start("stdbuf", ["-oL", "exitsnoop", "-T"]);
  expect(await witness.line()).toMatch(/^PCOMM/);
  const recording = await record(exitsnoop({ perThread: true }));
  const { pid, ended } = await endAll();
  const columns = exitsnoop({ perThread: true }).info.columns();
  const pids = new Set([pid, ...ended.map((one) => one.pid)]);
  const events = (await recording.finish()).filter((event) => pids.has(event.pid));
  const ours = events.map((event) => columns.map((column) => column.cell(event)).join(""));
  witness.kill("SIGINT");
  const theirs: string[] = [];
  for await (const line of witness.lines()) theirs.push(line);

  // Ages are a few microseconds apart, and it tells a name for real-time signals and nothing of memory.
  const same = (line: string): string =>
    line
      .trimEnd()
      .replace(/ \d+\.\d\d /, " AGE ")
      .replace(/signal (\d+) .*/, "signal $1")
      .replace(/ +/g, " ");
  const wanted = theirs.filter((line) => pids.has(Number(/^.{16} (\d+)/.exec(line)?.[1])));
  expect(ours.map(same).sort()).toEqual(wanted.map(same).sort());

  const threads = ended.find(({ way }) => way.startsWith("threads"))!;
  const codes = events.filter((event) => event.pid === threads.pid).map(({ exitCode }) => exitCode);
  expect(codes.sort()).toEqual([1, 4, 4, 4]);
  const leader = ended.find(({ way }) => way === "leader first")!;
  const inOrder = events.filter((event) => event.pid === leader.pid);
  expect(inOrder.map((event) => [event.tid === event.pid, event.exitCode])).toEqual([
    [true, 5],
    [false, 6],
  ]);
});

test("an exit is joined with the exec that began its program", async () => {
  const end = new Subject<void>();
  const joined = exitsnoop()
    .until(end)
    // A machine that is busy with other tests may be slow to read.
    .pipe(
      joinBy({ exec: execsnoop() }, (e) => e.execId, { wait: 1_000 }),
      toArray(),
    );
  const spans = lastValueFrom(joined);
  await setImmediate();
  const { pid, ended } = await endAll();
  end.next();
  const ours = (await spans).filter((span) => span.pid === pid || span.ppid === pid);
  const execs = new Map(ours.map((span) => [span.pid, span.exec]));
  expect(execs.get(pid)?.args).toContain(program);
  const executed = ended.find(({ way }) => way === "thread executes")!;
  expect(execs.get(executed.pid)?.args).toEqual([program, "exit 9"]);
  expect([...execs.values()].filter((exec) => exec !== undefined)).toHaveLength(2);
  for (const span of ours.filter(({ exec }) => exec)) expect(span.time).toBeGreaterThan(span.exec!.time);
});

test("with a set of cgroups, or of mount namespaces, it shows who ends inside, and not who ends outside", async () => {
  const { inside, outside, cgroup, filters } = await insideAndOutside();
  const recordings = await Promise.all(filters.map((filter) => record(exitsnoop({ ...filter }))));
  await outside.run("(exit 4)");
  await inside.run("(exit 5)");
  for (const recording of recordings) {
    await recording.find((event) => event.exitCode === 5);
    expect(await recording.finish()).toMatchObject([
      { ppid: inside.pid, exitCode: 5, signal: 0, comm: "bash", cgroupId: cgroupId(cgroup) },
    ]);
  }
});
