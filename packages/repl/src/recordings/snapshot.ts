import { eventTime } from "@rxbpf/core/events";
import { MachineIds, NamedCgroups, narrowingOf, ProcessTable, type SetFilters } from "@rxbpf/filters";
import { type AnyProbe, machineValues, processMatcher } from "@rxbpf/probes/define";
import type { Newcomers, Snapshot } from "@rxbpf/sinks";

type Values = Readonly<Record<string, unknown>>;

/** Finds the running processes, for the recordings of some probes. */
export class Snapshots {
  readonly #fail: (error: Error) => void;
  #cgroups: NamedCgroups | undefined;
  #table: ProcessTable | undefined;
  #failed = false;

  /** @param fail called once, with the reason, if a process cannot be named */
  constructor(fail: (error: Error) => void) {
    this.#fail = fail;
  }

  /** Gets ready. Before that, no process is named. */
  open(): void {
    this.#guarded(() => {
      const cgroups = (this.#cgroups ??= new NamedCgroups());
      this.#table ??= new ProcessTable((id) => cgroups.of(id));
    });
  }

  /**
   * Returns a function that gives the running processes that a probe with these options can see, and no others. If called with
   * newcomers, which it learned of from events, it gives only those.
   */
  of(probe: AnyProbe, values: Values): (newcomers?: Newcomers) => Snapshot | undefined {
    const narrowing = narrowingOf(values as SetFilters);
    const options = probe.optionsOf(probe.definition.main);
    let seen: ReturnType<typeof processMatcher> | undefined;
    return (newcomers) => {
      const table = this.#table;
      if (!table) return undefined;
      return this.#guarded(() => {
        const can = (seen ??= processMatcher(options, machineValues(options, values, new MachineIds())));
        // If only an event can tell, it has told: newcomers come from events.
        const accepts = (process: Parameters<typeof can>[0]): boolean => can(process) ?? newcomers !== undefined;
        const running = table.running(narrowing, accepts, newcomers);
        const isEmpty = running.processes.length + running.cgroups.length === 0;
        return isEmpty ? undefined : { type: "snapshot", time: eventTime(), ...running };
      });
    };
  }

  close(): void {
    this.#table?.close();
    this.#cgroups?.close();
    this.#table = this.#cgroups = undefined;
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
