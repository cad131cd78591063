import { readFileSync } from "node:fs";

import type { EventOf } from "@rxbpf/core";
import { type ObjectSpec, KernelIterator } from "@rxbpf/core/bpf";
import { bool, chars, schema, time, u32, u64 } from "@rxbpf/core/events";

import { levelsUpToProc } from "./proc.js";

/** The rows of bpf/filters/processes.bpf.c. All ids but `localId` are the machine's, as in events. */
const task = schema("task", {
  start: time("when its process started, in Unix milliseconds"),
  cgroupId: u64("as in events"),
  execId: u64("as in events"),
  identity: u64("what only this thread has, and its process, if it is its first"),
  pid: u32("as in events"),
  tid: u32("as in events"),
  ppid: u32("as in events"),
  uid: u32("as in events"),
  mntnsId: u32("as in events"),
  netnsId: u32("inode number of its network namespace"),
  localId: u32("the thread's id in the pid namespace that was asked for"),
  executing: bool("whether an exec is under way, so that its arguments are not in place yet"),
  comm: chars("as in events"),
});

/** A thread, or a process by its main thread. */
export type Task = EventOf<typeof task>;

const image: ObjectSpec = {
  name: "the list of processes",
  bytes: () => readFileSync(new URL("../bpf/processes.bpf.o", import.meta.url)),
  variants: [{ programs: ["tasks"] }],
};

/**
 * The processes or threads that this process's pid namespace shows. Needs CAP_BPF and CAP_PERFMON. The caller must
 * close it.
 * @param of the pid namespace of the local ids: this process's own, or the one that /proc shows
 * @throws as KernelIterator
 */
export function taskTable(of: "self" | "proc", threads: boolean = false): KernelIterator<Task> {
  const constants = { with_threads: threads, levels_up: of === "proc" ? levelsUpToProc() : 0 };
  return new KernelIterator<Task>(image, task, { constants });
}
