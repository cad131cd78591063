import { inFirstNamespace } from "@rxbpf/core/system";

import { type Task, taskTable } from "./tasks.js";

/**
 * Ids of processes and threads as this process's pid namespace has them, made the machine's, which events have. They
 * differ only where this process runs in a pid namespace, as in a container.
 */
export class MachineIds {
  /** By their id here; undefined where both are the same. */
  readonly #tasks: ReadonlyMap<number, Task> | undefined;

  /** Looks at what runs now. In a pid namespace it needs CAP_BPF and CAP_PERFMON. @throws as KernelIterator */
  constructor() {
    if (inFirstNamespace("pid")) return;
    const table = taskTable("self", true);
    try {
      this.#tasks = new Map(table.read().map((task) => [task.localId, task]));
    } finally {
      table.close();
    }
  }

  /** Whether the machine's ids are others than those here. */
  get differ(): boolean {
    return this.#tasks !== undefined;
  }

  /** @throws Error where there is no such process here */
  process(pid: number): number {
    const task = this.#find("process", pid);
    if (task && task.tid !== task.pid) return this.#missing("process", pid);
    return task?.pid ?? pid;
  }

  /** @throws Error where there is no such thread here */
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
