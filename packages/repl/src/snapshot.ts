import { eventTime } from "@rxbpf/core";
import { MachineIds, ProcessTable, type RunningProcess } from "@rxbpf/filters";
import type { Newcomers, Snapshot } from "@rxbpf/sinks";

/** Options that a process cannot be asked for, only an event. */
const OF_EVENTS = ["name", "line", "tid", "netns"];

/** Finds out who runs of what a probe sees with its options; nothing is told of other processes. */
export class Snapshots {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #fail: (error: Error) => void;
  #running:
    | { readonly table: ProcessTable; readonly accepts: (process: Omit<RunningProcess, "args">) => boolean }
    | undefined;
  #failed = false;

  /**
   * @param values options of a probe
   * @param fail is told, once, why nobody can be named
   */
  constructor(values: Readonly<Record<string, unknown>>, fail: (error: Error) => void) {
    this.#values = values;
    this.#fail = fail;
  }

  /**
   * What there is now.
   * @param of the newcomers of which events told, and that alone are asked for
   */
  take(of?: Newcomers): Snapshot | undefined {
    if (!of && OF_EVENTS.some((option) => option in this.#values)) return undefined;
    const { cgroupmap, mntnsmap } = this.#values as { readonly cgroupmap?: string; readonly mntnsmap?: string };
    try {
      this.#running ??= { accepts: acceptance(this.#values), table: new ProcessTable() };
      const { table, accepts } = this.#running;
      const narrowing = { ...(cgroupmap && { cgroupmap }), ...(mntnsmap && { mntnsmap }) };
      return { type: "snapshot", time: eventTime(), ...table.running(narrowing, accepts, of) };
    } catch (error) {
      if (!this.#failed) this.#fail(error as Error);
      this.#failed = true;
      return undefined;
    }
  }

  close(): void {
    this.#running?.table.close();
    this.#running = undefined;
  }
}

/** Whether a process is one that the options choose. */
function acceptance(values: Readonly<Record<string, unknown>>): (process: Omit<RunningProcess, "args">) => boolean {
  const { pid, ppid, uid } = values as Partial<RunningProcess>;
  const ids = new MachineIds();
  const [onlyPid, onlyPpid] = [pid, ppid].map((id) => id && ids.process(id));
  const is = (only: number | undefined, value: number): boolean => only === undefined || only === value;
  return (process) => is(onlyPid, process.pid) && is(onlyPpid, process.ppid) && is(uid, process.uid);
}
