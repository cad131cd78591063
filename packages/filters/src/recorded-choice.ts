import { printable } from "@rxbpf/core";
import type { NamedCgroup } from "@rxbpf/core/events";

import { type CgroupName, cgroupName, placesTo } from "./cgroup-name.js";
import { Choice } from "./choice.js";
import type { ContainerName } from "./container-names.js";
import { near } from "./near.js";
import type { Selector } from "./selectors.js";

/** Of the names in a recording, which may come from anybody, so many are compared with what was asked for. */
const MOST_NAMES = 10_000;
const MOST_CHARACTERS = 512;

type Cgroups = ReadonlyMap<number, NamedCgroup>;

/**
 * Whether selectors choose a cgroup, by what a recording says of it: as a run would have been narrowed where it was recorded. A cgroup
 * that the recording does not name is not chosen.
 * @param cgroups those that the recording names
 */
export function recordedChoice(selectors: readonly Selector[], cgroups: Cgroups): (id: number) => boolean {
  const choice = new Choice(selectors);
  const engines = recordedNames(cgroups);
  const known = new Map<number, boolean>();
  const isChosen = ({ path }: NamedCgroup): boolean => {
    let above = 0;
    let chosen = 0;
    for (const { path: at, name } of placesTo(path)) {
      const { itself, below } = choice.of(at, engines, name);
      chosen = above | itself;
      above |= below;
    }
    return chosen === choice.kinds;
  };
  return (id) => {
    let answer = known.get(id);
    if (answer === undefined) {
      const cgroup = cgroups.get(id);
      known.set(id, (answer = cgroup !== undefined && isChosen(cgroup)));
    }
    return answer;
  };
}

/** What is to be said of selectors that choose none of the cgroups that a recording names: a line each. */
export function notRecorded(selectors: readonly Selector[], cgroups: Cgroups): string[] {
  if (cgroups.size === 0) return ["the recording names no cgroups, so it is not known which events are chosen"];
  const ids = [...cgroups.keys()];
  return selectors.flatMap((selector) => {
    const { kind, word } = selector;
    if (ids.some(recordedChoice([selector], cgroups))) return [];
    const none = `the recording has no ${printable(String(selector))}`;
    const names = kind === "container" || kind === "unit" || kind === "pod" ? namesOf(kind, cgroups) : [];
    const similar = near(word, names);
    return [similar.length > 0 ? `${none}; it has ${similar.map(printable).join(", ")}` : none];
  });
}

function namesOf(kind: "container" | "unit" | "pod", cgroups: Cgroups): string[] {
  const names = new Set<string>();
  for (const cgroup of cgroups.values()) {
    const name = cgroup[kind];
    if (name !== undefined && name.length <= MOST_CHARACTERS) names.add(name);
    if (names.size >= MOST_NAMES) break;
  }
  return [...names];
}

/** What engines said of containers, as the recording has it. */
function recordedNames(cgroups: Cgroups): { of(name: CgroupName): ContainerName } {
  const found = new Map<string, ContainerName>();
  for (const { path, container, pod } of cgroups.values()) {
    const { containerId, pod: byPath } = cgroupName(path);
    if (containerId === undefined) continue;
    found.set(containerId, {
      ...(container !== undefined && container !== containerId && { name: container }),
      ...(pod !== undefined && pod !== byPath?.uid && { pod }),
    });
  }
  return { of: ({ containerId = "" }) => found.get(containerId) ?? {} };
}
