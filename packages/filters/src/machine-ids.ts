import { inFirstNamespace } from "@rxbpf/core/system";

import { type Task, taskTable } from "./tasks.js";

/**
 * Translates ids of processes and threads from this process's pid namespace to the machine's, which events carry. They
 * differ only if this process runs in a pid namespace of its own, as in a container. Also finds what the kernel's filters
 * know them by, as ids are used again.
 */
export class MachineIds {
  /** Whether the machine's ids differ from those in this pid namespace. */
  readonly differ: boolean = !inFirstNamespace("pid");
  readonly #absent: string[] = [];
  readonly #present = new Map<number, string>();
  #read: readonly Task[] | undefined;
  #local: ReadonlyMap<number, Task> | undefined;

  /** What was asked for and is not there, beside what is: `process 12`. */
  get absent(): readonly string[] {
    return this.#absent;
  }

  /**
   * Returns a function that tells which of those with an identity that was asked for have ended: `process 12`. It reads the
   * tasks anew. @throws as KernelIterator
   */
  watch(): () => readonly string[] {
    const present = new Map(this.#present);
    return () => {
      if (present.size === 0) return [];
      const now = new Set(readTasks().map(({ identity }) => identity));
      return [...present].flatMap(([identity, name]) => (now.has(identity) ? [] : [name]));
    };
  }

  /** The machine's id of a process. @throws Error if this pid namespace has no such process */
  process(pid: number): number {
    return this.processes([pid])[0]!;
  }

  /**
   * Those of several. Which are not there is known where ids differ; they are left out. In a pid namespace it needs CAP_BPF and
   * CAP_PERFMON. @throws Error if none is there; and as KernelIterator
   */
  processes(pids: readonly number[]): readonly number[] {
    return this.#translated("process", pids, isFirst).map(({ pid }) => pid);
  }

  /** The same of threads. @throws as `processes` */
  threads(tids: readonly number[]): readonly number[] {
    return this.#translated("thread", tids, () => true).map(({ tid }) => tid);
  }

  /**
   * What only these processes have, of all that ever were or will be: as process_identity of bpf/include/task.bpf.h.
   * Those that are not there are left out. Needs CAP_BPF and CAP_PERFMON.
   * @param pids the machine's
   * @throws Error if none is there; and as KernelIterator
   */
  processIdentities(pids: readonly number[]): BigUint64Array {
    return this.#identities("process", pids, isFirst);
  }

  /** The same of threads. @throws as `processIdentities` */
  threadIdentities(tids: readonly number[]): BigUint64Array {
    return this.#identities("thread", tids, () => true);
  }

  #translated(what: string, ids: readonly number[], fits: (task: Task) => boolean) {
    if (!this.differ) return ids.map((id) => ({ pid: id, tid: id }));
    this.#local ??= new Map(this.#tasks.map((task) => [task.localId, task]));
    return this.#found(what, ids, (id) => this.#local!.get(id), fits);
  }

  #identities(what: string, ids: readonly number[], fits: (task: Task) => boolean): BigUint64Array {
    const byId = new Map(this.#tasks.map((task) => [task.tid, task]));
    const found = this.#found(what, ids, (id) => byId.get(id), fits);
    for (const { identity, localId } of found) this.#present.set(identity, `${what} ${localId}`);
    return BigUint64Array.from(found, ({ identity }) => BigInt(identity));
  }

  #found(
    what: string,
    ids: readonly number[],
    find: (id: number) => Task | undefined,
    fits: (task: Task) => boolean,
  ): Task[] {
    const found = ids.map(find).map((task) => (task && fits(task) ? task : undefined));
    const missing = ids.filter((_, i) => !found[i]).map((id) => `${what} ${id}`);
    if (missing.length === ids.length) {
      const state = this.differ ? "none in this pid namespace" : `no such ${what}`;
      throw new Error(`Cannot trace ${missing.join(" or ")}: there is ${state}`);
    }
    this.#absent.push(...missing);
    return found.filter((task) => task !== undefined);
  }

  /** The tasks that run now, or that ran when they were first looked at. */
  get #tasks(): readonly Task[] {
    return (this.#read ??= readTasks());
  }
}

function readTasks(): readonly Task[] {
  const table = taskTable("self", true);
  try {
    return table.read();
  } finally {
    table.close();
  }
}

/** Whether it is its process's first thread, or the one that took its place. */
function isFirst({ pid, tid }: Task): boolean {
  return pid === tid;
}
