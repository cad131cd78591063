import { seriesAt, type SnapshotProcess } from "@rxbpf/sinks";

/** A process as a recording names it. */
export interface NamedProcess extends SnapshotProcess {
  /** When that was found, in Unix milliseconds. */
  readonly time: number;
  /** The directory of its cgroup; empty where it is not known. */
  readonly cgroup: string;
}

/** The processes that recordings can name: those that ran when they began, and those that came with an event. */
export function* processesAt(path: string): Generator<NamedProcess> {
  for (const { batches } of seriesAt(path).flat()) {
    const cgroups = new Map<number, string>();
    for (const { notes } of batches()) {
      for (const { note } of notes) {
        if (note.type !== "snapshot") continue;
        for (const { id, path } of note.cgroups) cgroups.set(id, path);
        for (const { pid, execId, start, ppid, uid, comm, args, cgroupId, mntnsId } of note.processes) {
          const cgroup = cgroups.get(cgroupId) ?? "";
          yield { time: note.time, pid, execId, start, ppid, uid, comm, args, cgroupId, cgroup, mntnsId };
        }
      }
    }
  }
}
