import * as probes from "@rxbpf/probes";

/** All probes that the package exports, by name. */
export const catalogue: ReadonlyMap<string, probes.AnyProbe> = new Map(
  Object.values<unknown>(probes)
    .filter(probes.isProbe)
    .map((probe) => [probe.definition.name, probe] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
