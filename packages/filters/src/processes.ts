import { closeSync, openSync, readSync } from "node:fs";

import { textOf } from "@rxbpf/core";
import type { KernelIterator } from "@rxbpf/core/bpf";
import type { FindCgroup, NamedCgroup } from "@rxbpf/core/events";

import { chosenNow } from "./choice.js";
import { namespaceIds } from "./held-namespaces.js";
import { MachineIds } from "./machine-ids.js";
import { cgroupsNow } from "./named-cgroups.js";
import { byFilter, selectorsOf, type SetFilters } from "./narrowing.js";
import { PinnedSet } from "./pinned-set.js";
import type { Selector } from "./selectors.js";
import { type Task, taskTable } from "./tasks.js";

/** A running process, with the same ids as in events: the machine's. */
export interface RunningProcess {
  readonly pid: number;
  /** Tells it apart from other processes that had its pid, and from itself before its last exec. */
  readonly execId: number;
  /** When it started, in Unix milliseconds. */
  readonly start: number;
  readonly ppid: number;
  readonly uid: number;
  /** The process itself sets these two: do not trust them. */
  readonly comm: string;
  readonly args: readonly string[];
  readonly cgroupId: number;
  readonly mntnsId: number;
}

/** Running processes and the cgroups that they are in. */
export interface Running {
  readonly processes: readonly RunningProcess[];
  /** Those that can be named. */
  readonly cgroups: readonly NamedCgroup[];
}

/** Which processes and cgroups to list, by the ids in events. */
export interface Wanted {
  /** The `execId` of each process, by pid. A process with another `execId` now is left out. */
  readonly processes: ReadonlyMap<number, number>;
  readonly cgroupIds: ReadonlySet<number>;
}

const MOST_ARGS_BYTES = 4096;

/** The processes of this machine that this process's pid namespace shows. */
export class ProcessTable {
  readonly #tasks: KernelIterator<Task>;
  readonly #find: FindCgroup | undefined;

  /**
   * Needs CAP_BPF and CAP_PERFMON. The caller must close it.
   * @param find names cgroups; by default those that are there now are named
   * @throws as KernelIterator
   */
  constructor(find?: FindCgroup) {
    this.#find = find;
    this.#tasks = taskTable("proc");
  }

  /**
   * The processes that are inside a trace's filters and that `accepts` returns true for. Nothing about others is given
   * away. Processes whose arguments this process may not read are left out.
   * @param wanted which to list; all by default
   * @throws Error for a set that cannot be opened
   */
  running(
    filters: SetFilters,
    accepts: (process: Omit<RunningProcess, "args">) => boolean = () => true,
    wanted?: Wanted,
  ): Running {
    const tasks = wanted?.processes.size === 0 ? [] : this.#tasks.read();
    const inside = insideOf(filters, tasks, wanted !== undefined);
    const isWanted = ({ pid, execId }: Task): boolean => !wanted || wanted.processes.get(pid) === execId;
    const candidates = tasks.filter((task) => isWanted(task) && !task.executing && inside(task) && accepts(task));
    const read = candidates.map((task) => ({ task, args: argsOf(task.localId) }));
    // A process may exec while its arguments are read, and then has none for a moment. One that is unchanged now, and
    // not in an exec, was so then.
    const later = read.length > 0 ? this.#tasks.read().filter(({ executing }) => !executing) : [];
    const now = new Map(later.map(({ pid, execId }) => [pid, execId]));
    const processes = read.flatMap(({ task, args }) =>
      args && now.get(task.pid) === task.execId ? [describe(task, args)] : [],
    );
    const asked = wanted && [...wanted.cgroupIds];
    // Finding the name of one cgroup can mean reading all, so do so only if one is asked for.
    const ids = asked?.length === 0 ? [] : [...(asked ?? []), ...processes.map(({ cgroupId }) => cgroupId)];
    return { processes, cgroups: this.#named(new Set(ids)) };
  }

  #named(ids: ReadonlySet<number>): Running["cgroups"] {
    if (ids.size === 0) return [];
    const now = this.#find ? undefined : cgroupsNow();
    const find = this.#find ?? ((id: number) => now!.get(id));
    return [...ids].flatMap((id) => find(id) ?? []);
  }

  /** Removes its programs from the kernel. */
  close(): void {
    this.#tasks.close();
  }
}

/** The processes that run now, read once: see `ProcessTable`. @throws as that */
export function runningProcesses(
  filters: SetFilters,
  accepts?: (process: Omit<RunningProcess, "args">) => boolean,
): Running {
  const table = new ProcessTable();
  try {
    return table.running(filters, accepts);
  } finally {
    table.close();
  }
}

/**
 * Whether a process is in sets, and among what selectors choose.
 * @param wereSeen the processes that are asked for have been seen in their trees, and may have lost their parents since
 */
function insideOf(filters: SetFilters, tasks: readonly Task[], wereSeen: boolean): (task: Task) => boolean {
  const { cgroupmap, mntnsmap } = filters;
  const { cgroup, mntns, netns, tree } = byFilter(selectorsOf(filters));
  const idsOf = (path: string | undefined, type: "cgroup" | "mntns"): ReadonlySet<number> | undefined => {
    if (path === undefined) return undefined;
    const set = PinnedSet.open(path, type);
    try {
      return new Set(set.ids());
    } finally {
      set.close();
    }
  };
  const cgroups = cgroup.length > 0 ? chosenNow(cgroup).ids : idsOf(cgroupmap, "cgroup");
  const mounts = mntns.length > 0 ? namespaceIds("mnt", mntns) : idsOf(mntnsmap, "mntns");
  const networks = netns.length > 0 ? namespaceIds("net", netns) : undefined;
  const pids = tree.length > 0 && !wereSeen ? treePids(tree, tasks) : undefined;
  return ({ cgroupId, mntnsId, netnsId, pid }) =>
    (cgroups?.has(cgroupId) ?? true) &&
    (mounts?.has(mntnsId) ?? true) &&
    (networks?.has(netnsId) ?? true) &&
    (pids?.has(pid) ?? true);
}

/** The machine's ids of the processes in trees, as far as their parents are still there. */
function treePids(selectors: readonly Selector[], tasks: readonly Task[]): ReadonlySet<number> {
  const found = new Set(new MachineIds().processes(selectors.map(({ word }) => Number(word))));
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const { pid, ppid } of tasks) if (found.has(ppid)) found.add(pid);
  }
  return found;
}

/** The arguments of a process by its id in /proc. Undefined if they cannot be read. */
function argsOf(id: number): readonly string[] | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${id}/cmdline`, "r");
    const bytes = Buffer.alloc(MOST_ARGS_BYTES);
    const text = textOf(bytes.subarray(0, readSync(fd, bytes)));
    return text === "" ? [] : text.replace(/\0$/, "").split("\0");
  } catch {
    return undefined; // it has ended, or we may not inspect it
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function describe({ pid, execId, start, ppid, uid, comm, cgroupId, mntnsId }: Task, args: readonly string[]) {
  return { pid, execId, start, ppid, uid, comm, args, cgroupId, mntnsId };
}
