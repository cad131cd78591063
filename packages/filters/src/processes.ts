import { closeSync, openSync, readSync } from "node:fs";

import { textOf } from "@rxbpf/core";
import type { KernelIterator } from "@rxbpf/core/bpf";

import { liveCgroups } from "./cgroups.js";
import type { SetFilters } from "./filter-options.js";
import { PinnedSet } from "./pinned-set.js";
import { type Task, taskTable } from "./tasks.js";

/** A process that runs, as events say who: ids are the machine's. */
export interface RunningProcess {
  readonly pid: number;
  /** Tells it from others that had its pid, and from what it was before its last exec. */
  readonly execId: number;
  /** When it started, in Unix milliseconds. */
  readonly start: number;
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
  /** Those whose directory is seen from here. */
  readonly cgroups: readonly { readonly id: number; readonly path: string }[];
}

/** Of whom to tell, as events say who. */
export interface Wanted {
  /** The `execId` of each process, by pid. One that has become another since is not told of. */
  readonly processes: ReadonlyMap<number, number>;
  readonly cgroupIds: ReadonlySet<number>;
}

const MOST_ARGS_BYTES = 4096;

/** What runs on this machine, as far as this process's pid namespace shows it. */
export class ProcessTable {
  readonly #tasks: KernelIterator<Task>;

  /** The caller closes it. Needs CAP_BPF and CAP_PERFMON. @throws as KernelIterator */
  constructor() {
    this.#tasks = taskTable("proc");
  }

  /**
   * The processes that are inside what a trace is narrowed to, and that `accepts` says yes to; nothing of others is told.
   * Those whose arguments this process may not read are left out.
   * @param wanted all if not given
   * @throws Error for a set that cannot be opened
   */
  running(
    filters: SetFilters,
    accepts: (process: Omit<RunningProcess, "args">) => boolean = () => true,
    wanted?: Wanted,
  ): Running {
    const inside = insideOf(filters);
    const isWanted = ({ pid, execId }: Task): boolean => !wanted || wanted.processes.get(pid) === execId;
    const candidates = this.#tasks
      .read()
      .filter((task) => isWanted(task) && !task.executing && inside(task) && accepts(task));
    const read = candidates.map((task) => ({ task, args: argsOf(task.localId) }));
    // A process may have become another while its arguments were read, or be about to, and have none for a moment: those
    // that are the same now, and in no exec, were so then.
    const later = read.length > 0 ? this.#tasks.read().filter(({ executing }) => !executing) : [];
    const now = new Map(later.map(({ pid, execId }) => [pid, execId]));
    const processes = read.flatMap(({ task, args }) =>
      args && now.get(task.pid) === task.execId ? [describe(task, args)] : [],
    );
    const asked = wanted && [...wanted.cgroupIds];
    // All cgroups are looked at for the name of one, so only where one is asked for.
    const ids = asked?.length === 0 ? [] : [...(asked ?? []), ...processes.map(({ cgroupId }) => cgroupId)];
    return { processes, cgroups: pathsOf(new Set(ids)) };
  }

  /** Removes its programs from the kernel. */
  close(): void {
    this.#tasks.close();
  }
}

/** What runs now, once: see `ProcessTable`. @throws as it does */
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

/** Whether a process is in sets. */
function insideOf({ cgroupmap, mntnsmap, within }: SetFilters): (task: Task) => boolean {
  const idsOf = (path: string | undefined, type: "cgroup" | "mntns"): ReadonlySet<number> | undefined => {
    if (path === undefined) return undefined;
    const set = PinnedSet.open(path, type);
    try {
      return new Set(set.ids());
    } finally {
      set.close();
    }
  };
  const cgroups = within ? new Set(within.ids()) : idsOf(cgroupmap, "cgroup");
  const namespaces = idsOf(mntnsmap, "mntns");
  return ({ cgroupId, mntnsId }) => (cgroups?.has(cgroupId) ?? true) && (namespaces?.has(mntnsId) ?? true);
}

/** The arguments of a process by its id in /proc. Undefined where they cannot be read. */
function argsOf(id: number): readonly string[] | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${id}/cmdline`, "r");
    const bytes = Buffer.alloc(MOST_ARGS_BYTES);
    const text = textOf(bytes.subarray(0, readSync(fd, bytes)));
    return text === "" ? [] : text.replace(/\0$/, "").split("\0");
  } catch {
    return undefined; // it has ended, or is not ours to inspect
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function describe({ pid, execId, start, ppid, uid, comm, cgroupId, mntnsId }: Task, args: readonly string[]) {
  return { pid, execId, start, ppid, uid, comm, args, cgroupId, mntnsId };
}

function pathsOf(ids: ReadonlySet<number>): Running["cgroups"] {
  if (ids.size === 0) return [];
  const live = liveCgroups();
  return [...ids].flatMap((id) => (live.has(id) ? [{ id, path: live.get(id)! }] : []));
}
