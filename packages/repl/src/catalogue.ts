import * as probes from "@rxbpf/probes";
import { type AnyProbe, isProbe } from "@rxbpf/probes/define";

/** All probes that the package exports, by name. */
export const catalogue: ReadonlyMap<string, AnyProbe> = new Map(
  Object.values<unknown>(probes)
    .filter(isProbe)
    .map((probe) => [probe.definition.name, probe] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
