import { cgroup, cgroupTree, container, mntns, nameables, pod, Selector, unit } from "@rxbpf/filters";

import { list, type Option, show, UsageError } from "./options.js";

const MAKERS = { cgroup, cgroupTree, unit, container, pod, mntns } as const;

/** Words of a kind of selector; the flag may be given several times. */
export function words(kind: keyof typeof MAKERS, help: string, value: string): Option<readonly string[]> {
  const texts = list(help, { value });
  const isNamed = kind === "unit" || kind === "container" || kind === "pod";
  return {
    ...texts,
    // Chosen in the kernel by its cgroup, and in a recording by what it says of that: see `recordedView`.
    ...(kind !== "mntns" && { selection: { field: "cgroupId" } }),
    ...(isNamed && { choices: () => namesOf(kind) }),
    parse(given, name) {
      const parsed = texts.parse(given, name);
      for (const word of parsed) {
        try {
          MAKERS[kind](word);
        } catch (cause) {
          throw new UsageError((cause as Error).message, { cause });
        }
      }
      return parsed;
    },
  };
}

/** Those that there are now. */
function namesOf(kind: "unit" | "container" | "pod"): string[] {
  const named = nameables().filter((one) => one.kind === kind || (kind === "unit" && one.kind === "slice"));
  return [...new Set(named.map(({ name }) => name))];
}

/** A selector or several, which only a program can give. */
export function selectors(help: string): Option<Selector | readonly Selector[]> {
  return {
    kind: "object",
    help,
    parse(given, name) {
      const all: readonly unknown[] = Array.isArray(given) ? given : [given];
      if (all.length === 0 || !all.every((one) => one instanceof Selector))
        throw new UsageError(`${name} takes selectors, such as container("web"), not ${show(given)}`);
      return given as Selector | readonly Selector[];
    },
  };
}
