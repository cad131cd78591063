import { statSync } from "node:fs";

import { cgroupId, runningProcesses } from "@rxbpf/filters";
import { readRecording, type Snapshot } from "@rxbpf/sinks";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { inHierarchy } from "../../../testing/engines.js";
import { makeCgroup, pinPath, uniqueName } from "../../../testing/kernel-objects.js";
import { start, temporaryFolder } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";
import { commandLine, rxbpf } from "./cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

const snapshots = (path: string): Snapshot[] =>
  [...readRecording(path).batches()]
    .flatMap(({ notes }) => notes.map(({ note }) => note))
    .filter((note) => note.type === "snapshot");

/** Starts a recording, and waits until it has begun. Ends it with SIGINT. */
async function recording(...args: string[]) {
  const path = `${folder}/${uniqueName()}.arrow`;
  const [command, ...rest] = commandLine("record", "opensnoop", "-o", path, ...args);
  const child = start(command, rest);
  await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.size ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);
  return {
    path,
    async end() {
      child.kill("SIGINT");
      await child.ended();
    },
  };
}

test("a snapshot holds the processes that the trace would see, and no other", async () => {
  const child = start("sleep", ["60"]);
  const path = `${folder}/${uniqueName()}.arrow`;
  await rxbpf("record", "opensnoop", "--pid", String(child.pid), "-o", path, "--duration", "1");
  const notes = [...readRecording(path).batches()].flatMap((batch) => batch.notes.map(({ note }) => note));
  const expected = runningProcesses({}, ({ pid }) => pid === child.pid).processes;
  expect(expected).toMatchObject([{ pid: child.pid, comm: "sleep", args: ["sleep", "60"] }]);
  // The clock of events was measured in another process.
  const processes = expected.map((process) => ({ ...process, start: expect.closeTo(process.start, 2) }));
  expect(notes).toEqual([expect.objectContaining({ type: "snapshot", processes })]);
});

test("what comes later is named too, with its cgroup, and nothing that the trace does not see", async () => {
  const pin = pinPath();
  const cgroup = makeCgroup();
  const before = await startShell();
  before.enter(cgroup);
  const outside = await startShell();
  await rxbpf("map", "create", pin, "--type", "cgroup");
  await rxbpf("map", "add", pin, cgroup);

  const { path, end } = await recording("--cgroupmap", pin);
  // Each is there until it was seen.
  const wait = 'perl -e "open(F, q(/etc/hostname)); sleep 1"';
  await Promise.all([outside.run(wait), before.run(`${wait} first; ${wait} second`)]);
  await end();

  const told = snapshots(path);
  const [atStart, ...later] = told;
  expect(atStart?.processes).toMatchObject([{ pid: before.pid, comm: "bash", args: ["bash"] }]);
  expect(atStart?.cgroups).toEqual([{ id: cgroupId(cgroup), path: inHierarchy(cgroup) }]);
  const named = later.flatMap(({ processes }) => processes).filter(({ comm }) => comm === "perl");
  expect(named.map(({ args }) => args.at(-1))).toEqual(["first", "second"]);
  expect(named).toMatchObject([{ ppid: before.pid }, { ppid: before.pid }]);
  const all = told.flatMap(({ processes }) => processes);
  expect(all.filter(({ cgroupId: id }) => id !== cgroupId(cgroup))).toEqual([]);
  // Once each, though they opened files more than once.
  expect(new Set(named.map(({ pid }) => pid)).size).toBe(named.length);

  const exported = await rxbpf("export", path, "--json", "--processes");
  const lines = exported.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toContainEqual(
    expect.objectContaining({ ...named[0], cgroup: inHierarchy(cgroup), time: expect.any(Number) }),
  );
  expect(lines).toHaveLength(all.length);
});

test("where only an event can tell who is meant, nobody is named before there is one", async () => {
  const bystander = await startShell();
  const { path, end } = await recording("--name", "chosen");
  expect(snapshots(path)).toEqual([]);
  await bystander.run(`perl -e '$0 = "other"; open(F, q(/etc/hostname)); sleep 1' &
    perl -e '$0 = "chosen"; open(F, q(/etc/hostname)); sleep 1'`);
  await end();
  const names = snapshots(path).flatMap(({ processes }) => processes.map(({ comm }) => comm));
  expect(names).toEqual(["chosen"]);
});
