import * as probes from "@rxbpf/probes";
import { isProbe } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const outputs = Object.values<unknown>(probes)
  .filter(isProbe)
  .flatMap((probe) => Object.keys(probe.outputs).map((name) => [probe.definition.name, name, probe] as const));

test.each(outputs)("%s.%s takes all selectors, and gives none of their names another meaning", (_, name, probe) => {
  const selectors = ["within", "cgroup", "cgroupTree", "unit", "container", "pod", "mntns"];
  const own = Object.keys(probe.definition.options);
  expect(own.filter((one) => selectors.includes(one))).toEqual([]);
  expect(Object.keys(probe.optionsOf(name))).toEqual(expect.arrayContaining(selectors));
});
