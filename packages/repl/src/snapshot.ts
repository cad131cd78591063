import { liveCgroups, runningProcesses, type RunningProcess } from "@rxbpf/filters";
import type { Newcomers, Snapshot } from "@rxbpf/sinks";

/** Options that a process cannot be asked for, only an event. */
const OF_EVENTS = ["name", "line", "tid", "netns"];

/**
 * What runs now of what a probe sees with these options; nothing is told of other processes.
 * @param newcomers of which events told, and that alone are asked for
 */
export function snapshotOf(values: Readonly<Record<string, unknown>>, newcomers?: Newcomers): Snapshot | undefined {
  if (!newcomers && OF_EVENTS.some((option) => option in values)) return undefined;
  const { cgroupmap, mntnsmap, pid, ppid, uid } = values as Partial<RunningProcess> & Record<string, string>;
  const narrowing = { ...(cgroupmap && { cgroupmap }), ...(mntnsmap && { mntnsmap }) };
  const is = (only: unknown, value: number): boolean => only === undefined || only === value;
  const wanted = (process: RunningProcess): boolean =>
    is(pid, process.pid) && is(ppid, process.ppid) && is(uid, process.uid);
  try {
    const { processes, cgroups } = runningProcesses(narrowing, wanted, newcomers?.pids);
    const named = new Set(cgroups.map(({ id }) => id));
    // Those of processes that have ended. Their events were inside what the trace is narrowed to.
    const unnamed = [...(newcomers?.cgroupIds ?? [])].filter((id) => !named.has(id));
    const live = unnamed.length > 0 ? liveCgroups() : new Map<number, string>();
    const others = unnamed.flatMap((id) => (live.has(id) ? [{ id, path: live.get(id)! }] : []));
    return { type: "snapshot", time: Date.now(), processes, cgroups: [...cgroups, ...others] };
  } catch {
    return undefined; // the set is gone, or never was: what is narrowed to it says so
  }
}
