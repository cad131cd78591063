import { readdirSync, readFileSync } from "node:fs";

import { textOf } from "@rxbpf/core";

import { cgroupId } from "./cgroup-id.js";
import { cgroupOfProcess } from "./cgroups.js";
import { mountNamespaceOfProcess } from "./mount-namespaces.js";
import { type CgroupMount, cgroupMounts } from "./mounts.js";
import type { SetFilters } from "./filter-options.js";
import { PinnedSet } from "./pinned-set.js";

/** A process that runs, as events say who. */
export interface RunningProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  /** These two are set by the process itself: nothing to trust. */
  readonly comm: string;
  readonly args: readonly string[];
  readonly cgroupId: number;
  readonly mntnsId: number;
}

/** Processes that run, and the cgroups that they are in. */
export interface Running {
  readonly processes: readonly RunningProcess[];
  readonly cgroups: readonly { readonly id: number; readonly path: string }[];
}

const MOST_ARGS_BYTES = 4096;

/**
 * The processes that are inside what a trace is narrowed to, and that `wanted` accepts; nothing of others is told.
 * Those that this process may not inspect are left out.
 * @param pids of those to look at; all if not given
 * @throws Error for a set that cannot be opened
 */
export function runningProcesses(
  { cgroupmap, mntnsmap }: Pick<SetFilters, "cgroupmap" | "mntnsmap">,
  wanted: (process: RunningProcess) => boolean = () => true,
  pids: Iterable<number> = allPids(),
): Running {
  const sets: PinnedSet[] = [];
  const holds = (path: string | undefined, type: "cgroup" | "mntns"): ((id: number) => boolean) => {
    if (path === undefined) return () => true;
    const set = PinnedSet.open(path, type);
    sets.push(set);
    return (id) => set.has(id);
  };
  try {
    const inCgroup = holds(cgroupmap, "cgroup");
    const inMntns = holds(mntnsmap, "mntns");
    const mounts = cgroupMounts();
    const processes: RunningProcess[] = [];
    const cgroups = new Map<number, string>();
    for (const pid of pids) {
      const { process, cgroup } = look(pid, mounts) ?? {};
      if (!process || !inCgroup(process.cgroupId) || !inMntns(process.mntnsId) || !wanted(process)) continue;
      processes.push(process);
      cgroups.set(process.cgroupId, cgroup!);
    }
    return { processes, cgroups: [...cgroups].map(([id, path]) => ({ id, path })) };
  } finally {
    for (const set of sets) set.close();
  }
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A process, and the directory of its cgroup. */
function look(
  pid: number,
  mounts: readonly CgroupMount[],
): { readonly process: RunningProcess; readonly cgroup: string } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    const args = textOf(readFileSync(`/proc/${pid}/cmdline`).subarray(0, MOST_ARGS_BYTES));
    const cgroup = cgroupOfProcess(pid, mounts);
    const process = {
      pid,
      ppid: number("PPid"),
      uid: number("Uid"),
      comm: textOf(readFileSync(`/proc/${pid}/comm`)).replace(/\n$/, ""),
      args: args === "" ? [] : args.replace(/\0$/, "").split("\0"),
      cgroupId: cgroupId(cgroup),
      mntnsId: mountNamespaceOfProcess(pid),
    };
    return { process, cgroup };
  } catch {
    return undefined; // it has ended, or is in no cgroup that is seen from here, or not ours to inspect
  }
}
