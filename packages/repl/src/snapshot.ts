import { eventTime } from "@rxbpf/core";
import { MachineIds, ProcessTable, type RunningProcess } from "@rxbpf/filters";
import type { Newcomers, Snapshot } from "@rxbpf/sinks";

/** Options that a process cannot be asked for, only an event. */
const OF_EVENTS = ["comm", "name", "line", "tid", "netns"];

type Values = Readonly<Record<string, unknown>>;
type Accepts = (process: Omit<RunningProcess, "args">) => boolean;

/** Finds out who runs, for the recordings of some probes. */
export class Snapshots {
  readonly #fail: (error: Error) => void;
  #table: ProcessTable | undefined;
  #failed = false;

  /** @param fail is told, once, why somebody cannot be named */
  constructor(fail: (error: Error) => void) {
    this.#fail = fail;
  }

  /** Makes ready. Before that nobody is named. */
  open(): void {
    this.#guarded(() => void (this.#table ??= new ProcessTable()));
  }

  /**
   * What gives who runs of what a probe sees with these options; nothing is told of other processes. Where it is given
   * newcomers, of which events told, it is of them alone.
   */
  of(values: Values): (newcomers?: Newcomers) => Snapshot | undefined {
    const { cgroupmap, mntnsmap } = values as { readonly cgroupmap?: string; readonly mntnsmap?: string };
    const narrowing = { ...(cgroupmap && { cgroupmap }), ...(mntnsmap && { mntnsmap }) };
    let accepts: Accepts | undefined;
    return (newcomers) => {
      const table = this.#table;
      if (!table || (!newcomers && OF_EVENTS.some((option) => option in values))) return undefined;
      return this.#guarded(() => {
        accepts ??= acceptance(values);
        return { type: "snapshot", time: eventTime(), ...table.running(narrowing, accepts, newcomers) };
      });
    };
  }

  close(): void {
    this.#table?.close();
    this.#table = undefined;
  }

  #guarded<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!this.#failed) this.#fail(error as Error);
      this.#failed = true;
      return undefined;
    }
  }
}

/** Whether a process is one that the options choose. */
function acceptance({ pid, ppid, uid }: Values): Accepts {
  const ids = new MachineIds();
  const [onlyPid, onlyPpid] = [pid, ppid].map((id) => (typeof id === "number" ? ids.process(id) : undefined));
  const is = (only: unknown, value: number): boolean => only === undefined || only === value;
  return (process) => is(onlyPid, process.pid) && is(onlyPpid, process.ppid) && is(uid, process.uid);
}
