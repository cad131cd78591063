import { EventStream } from "@rxbpf/core";
import type { Run, Receiver } from "@rxbpf/core/events";
import { seriesAt, type SnapshotProcess } from "@rxbpf/sinks";

/** A process that a recording names. */
export interface NamedProcess extends SnapshotProcess {
  /** When that was found, in Unix milliseconds. */
  readonly time: number;
  /** Its cgroup, by its path from the top of the hierarchy; empty if not known. */
  readonly cgroup: string;
}

/** The processes that recordings can name: those that ran when they began, and those that came with an event. */
export function processesAt(path: string): EventStream<NamedProcess> {
  const info = { name: "processes", schema: { struct: "", fields: {} }, columns: () => [] };
  return new EventStream(info, (receiver) => deliver(batchesAt(path), receiver));
}

/** The processes that each batch names. */
function* batchesAt(path: string): Generator<readonly NamedProcess[]> {
  for (const { batches } of seriesAt(path).flat()) {
    const cgroups = new Map<number, string>();
    for (const { notes } of batches()) {
      yield notes.flatMap(({ note }) => {
        if (note.type !== "snapshot") return [];
        for (const { id, path } of note.cgroups) cgroups.set(id, path);
        return note.processes.map(({ pid, execId, start, ppid, uid, comm, args, cgroupId, mntnsId }) => {
          const cgroup = cgroups.get(cgroupId) ?? "";
          return { time: note.time, pid, execId, start, ppid, uid, comm, args, cgroupId, cgroup, mntnsId };
        });
      });
    }
  }
}

/** Delivers batches, one in each turn of the event loop, unless a consumer holds them. */
function deliver<E>(batches: Generator<readonly E[]>, receiver: Receiver<E>): Run {
  let holds = 0;
  let next: NodeJS.Immediate | undefined;
  const schedule = (): void => {
    clearImmediate(next);
    next = setImmediate(turn);
  };
  const turn = (): void => {
    if (holds > 0) return;
    try {
      const { value: rows, done } = batches.next();
      if (done) return receiver.complete();
      receiver.batch({ length: rows.length, row: (index) => rows[index]! });
      schedule();
    } catch (error) {
      receiver.error(error);
    }
  };
  receiver.status({ type: "attached", programs: [] });
  schedule();
  return {
    stop() {
      batches.return(undefined);
      schedule();
    },
    close() {
      clearImmediate(next);
      batches.return(undefined);
    },
    hold: () => void holds++,
    release() {
      if (--holds === 0) schedule();
    },
  };
}
