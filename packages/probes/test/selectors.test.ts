import * as probes from "@rxbpf/probes";
import { isProbe } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const outputs = Object.values<unknown>(probes)
  .filter(isProbe)
  .flatMap((probe) => Object.keys(probe.outputs).map((name) => [probe.definition.name, name, probe] as const));

const SELECTORS = ["within", "cgroup", "cgroupTree", "unit", "container", "pod", "mntns", "netns", "tree"];
const WHO = ["pid", "tid", "ppid", "uid", "comm"];

test.each(outputs)("%s.%s takes all selectors and all that tells who, each with one meaning", (_, name, probe) => {
  const [own, others] = [probe.optionsOf(name), probes.killsnoop.optionsOf("events")];
  const isThat = (option: string): boolean => own[option]?.parse === others[option]!.parse;
  expect([...SELECTORS, ...WHO].filter((option) => !isThat(option))).toEqual([]);
});
