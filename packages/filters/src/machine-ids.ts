import { inFirstNamespace } from "@rxbpf/core/system";

import { type Task, taskTable } from "./tasks.js";

/**
 * Translates ids of processes and threads from this process's pid namespace to the machine's, which events carry. They
 * differ only if this process runs in a pid namespace of its own, as in a container.
 */
export class MachineIds {
  /** Tasks by their id in this pid namespace; undefined if both ids are the same. */
  readonly #tasks: ReadonlyMap<number, Task> | undefined;

  /** Looks at the tasks that run now. In a pid namespace it needs CAP_BPF and CAP_PERFMON. @throws as KernelIterator */
  constructor() {
    if (inFirstNamespace("pid")) return;
    const table = taskTable("self", true);
    try {
      this.#tasks = new Map(table.read().map((task) => [task.localId, task]));
    } finally {
      table.close();
    }
  }

  /** Whether the machine's ids differ from those in this pid namespace. */
  get differ(): boolean {
    return this.#tasks !== undefined;
  }

  /** The machine's id of a process. @throws Error if this pid namespace has no such process */
  process(pid: number): number {
    const task = this.#find("process", pid);
    if (task && task.tid !== task.pid) return this.#missing("process", pid);
    return task?.pid ?? pid;
  }

  /** The machine's id of a thread. @throws Error if this pid namespace has no such thread */
  thread(tid: number): number {
    return this.#find("thread", tid)?.tid ?? tid;
  }

  #find(what: string, id: number): Task | undefined {
    return this.#tasks && (this.#tasks.get(id) ?? this.#missing(what, id));
  }

  #missing(what: string, id: number): never {
    throw new Error(`Cannot trace ${what} ${id}: there is none in this pid namespace`);
  }
}
