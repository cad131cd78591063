import { notRecorded } from "@rxbpf/filters";
import type { AskedOfCgroups } from "@rxbpf/probes/define";
import { cgroupsIn, type Series } from "@rxbpf/sinks";

/** Says on stderr what was asked for by name and is in none of the recordings. */
export function tellMissing(all: readonly Series[], { selectors }: AskedOfCgroups): void {
  if (selectors.length === 0) return;
  const named = new Set(all.flatMap((series) => series.map(cgroupsIn(series))));
  const cgroups = new Map([...named].flatMap((one) => [...one.values()]).map((cgroup, i) => [i, cgroup]));
  for (const line of notRecorded(selectors, cgroups)) console.error(`rxbpf: ${line}`);
}
