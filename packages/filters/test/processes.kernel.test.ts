import { readFileSync } from "node:fs";

import { cgroupId, mountNamespaceOfProcess, PinnedSet, ProcessTable, runningProcesses } from "@rxbpf/filters";
import { expect, onTestFinished, test } from "vitest";

import { holdings } from "../../../testing/holdings.js";
import { inHierarchy } from "../../../testing/engines.js";
import { makeCgroup, pinPath } from "../../../testing/kernel-objects.js";
import { startShell } from "../../../testing/shell.js";

function makeTable(): ProcessTable {
  const table = new ProcessTable();
  onTestFinished(() => table.close());
  return table;
}

const NOBODY = 65_534;

test("a process is listed with the facts of /proc", async () => {
  const cgroup = makeCgroup();
  const arg = "two\nlines";
  const shell = await startShell(["setpriv", `--reuid=${NOBODY}`, "unshare", "-Um", "bash", "-s", arg, ""]);
  shell.enter(cgroup);
  const { processes, cgroups } = runningProcesses({}, ({ pid }) => pid === shell.pid);
  expect(processes).toEqual([
    {
      pid: shell.pid,
      execId: expect.any(Number),
      start: expect.any(Number),
      ppid: process.pid,
      uid: NOBODY, // of the machine's first user namespace
      comm: "bash",
      args: ["bash", "-s", arg, ""],
      cgroupId: cgroupId(cgroup),
      mntnsId: mountNamespaceOfProcess(shell.pid),
    },
  ]);
  expect(cgroups).toEqual([{ id: cgroupId(cgroup), path: inHierarchy(cgroup) }]);
  // In ticks of 10 ms since boot.
  const ticks = Number(readFileSync(`/proc/${shell.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19]);
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  const age = (Date.now() - processes[0]!.start) / 1000;
  expect(Math.abs(age - (uptime - ticks / 100))).toBeLessThan(0.1);
});

test("only processes in the sets are listed, and only those that are accepted", async () => {
  const cgroup = makeCgroup();
  const [inside, other, outside] = [
    await startShell(),
    await startShell(),
    await startShell(["unshare", "-m", "bash"]),
  ];
  for (const shell of [inside, other]) shell.enter(cgroup);
  const cgroupmap = pinPath();
  const mntnsmap = pinPath();
  const cgroups = PinnedSet.create(cgroupmap, "cgroup");
  const namespaces = PinnedSet.create(mntnsmap, "mntns");
  for (const set of [cgroups, namespaces]) onTestFinished(() => set.close());
  cgroups.add(cgroup);
  namespaces.add({ pid: outside.pid });

  const table = makeTable();
  const pids = (...asked: Parameters<ProcessTable["running"]>) =>
    table.running(...asked).processes.map(({ pid }) => pid);
  expect(pids({ cgroupmap })).toEqual([inside.pid, other.pid].sort((a, b) => a - b));
  expect(pids({ cgroupmap }, ({ pid }) => pid === other.pid)).toEqual([other.pid]);
  expect(pids({ mntnsmap })).toEqual([outside.pid]);
  expect(pids({ cgroupmap, mntnsmap })).toEqual([]);
  outside.enter(cgroup);
  expect(pids({ cgroupmap, mntnsmap })).toEqual([outside.pid]);
});

test("a process is not listed under its execId from before an exec", async () => {
  const shell = await startShell();
  const table = makeTable();
  const find = () => table.running({}, ({ pid }) => pid === shell.pid).processes[0]!;
  const before = find();
  const wanted = { processes: new Map([[before.pid, before.execId]]), cgroupIds: new Set<number>() };
  expect(table.running({}, undefined, wanted)).toEqual({ processes: [before], cgroups: [] });
  await shell.run("exec bash --norc");
  expect(table.running({}, undefined, wanted)).toEqual({ processes: [], cgroups: [] });
  const { execId, ...after } = find();
  expect(execId).not.toBe(before.execId);
  expect(after).toMatchObject({ pid: before.pid, start: before.start, args: ["bash", "--norc"] });
});

test("wanted cgroups are named, even without a process in them", () => {
  const cgroup = makeCgroup();
  const wanted = { processes: new Map<number, number>(), cgroupIds: new Set([cgroupId(cgroup), 2 ** 40]) };
  const running = makeTable().running({}, undefined, wanted);
  expect(running).toEqual({ processes: [], cgroups: [{ id: cgroupId(cgroup), path: inHierarchy(cgroup) }] });
});

test("nothing stays open in this process or in the kernel", () => {
  runningProcesses({});
  const before = holdings();
  runningProcesses({});
  const table = new ProcessTable();
  table.running({});
  table.close();
  table.close();
  expect(holdings()).toEqual(before);
});
