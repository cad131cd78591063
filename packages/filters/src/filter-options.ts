import { existsSync } from "node:fs";

import { MapMismatchError, printable } from "@rxbpf/core";
import type { BpfMap, RunOptions } from "@rxbpf/core/bpf";

import { hasProcesses } from "./cgroups.js";
import { FollowedCgroups } from "./followed-cgroups.js";
import { HeldNamespaces } from "./held-namespaces.js";
import { FollowedTrees } from "./followed-trees.js";
import { MachineIds } from "./machine-ids.js";
import { byFilter, type FilterKind, selectorsOf, type SetFilters } from "./narrowing.js";
import { PinnedSet } from "./pinned-set.js";
import { whatIsChosen, whatIsMissing } from "./told.js";
import { KINDS, type Member, type SetKind } from "./set-kind.js";

/** The switch and the map of each filter in bpf/include/filter.bpf.h. */
const IN_KERNEL: Readonly<Record<FilterKind, { constant: string; map: string }>> = {
  cgroup: { constant: "by_cgroup", map: "cgroup_set" },
  mntns: { constant: "by_mntns", map: "mntns_set" },
  netns: { constant: "by_netns", map: "netns_set" },
  tree: { constant: "by_tree", map: "tree_members" },
};

/**
 * Sets that this process made because a trace was to be narrowed to a set that did not exist, by the id of their map.
 */
const madeHere = new Map<number, PinnedSet>();

/** What holds what selectors choose while a trace runs. */
type Chosen = FollowedCgroups | HeldNamespaces | FollowedTrees;

/** How many members a message names. */
const NAMED = 4;

/**
 * Narrows a trace in the kernel to pinned sets, which others may edit while it runs, and to what selectors choose, also what
 * appears later. An event must match all kinds that are given. A pinned set that does not exist
 * is made, as BCC does. It is removed if the run cannot start, and at the end if it is empty then and nobody else uses it.
 * @param ids translates the ids that selectors have
 * @param output what the programs write to. Of a new container that only engines can name, the records of a ring are left out later
 * if it is not chosen. In a table nothing can be taken back, so it begins to count when the container is found to be chosen
 * @throws as `PinnedSet`, `FollowedCgroups`, `HeldNamespaces` and `FollowedTrees`, and MapMismatchError if a set holds ids of the other
 * kind; then nothing stays open and nothing was made
 */
export function filterOptions(
  filters: SetFilters,
  ids: MachineIds = new MachineIds(),
  output: "ring" | "table" = "ring",
): RunOptions {
  const sets: PinnedSet[] = [];
  const made: PinnedSet[] = [];
  const chosen: Chosen[] = [];
  const used = new Map<FilterKind, BpfMap>();
  const usePinned = (type: SetKind, path: string | undefined): void => {
    if (path === undefined) return;
    const exists = existsSync(path);
    const set = exists ? PinnedSet.open(path, type) : PinnedSet.create(path, type);
    sets.push(set);
    used.set(type, set.map);
    if (exists) return;
    made.push(set);
    madeHere.set(set.map.info.id, set);
  };
  const use = <T extends Chosen>(type: FilterKind, one: T): T => {
    chosen.push(one);
    used.set(type, one.map);
    return one;
  };
  const close = (started: boolean): void => {
    for (const set of started ? sets : made) {
      const { id } = set.map.info;
      const maker = madeHere.get(id);
      if (!maker || (started && !set.isUnused())) continue;
      maker.unpin();
      madeHere.delete(id);
    }
    for (const one of [...sets, ...chosen]) one.close();
  };
  const selectors = selectorsOf(filters);
  const wanted = byFilter(selectors);
  const notices: string[] = [];
  // Nobody listens before the run has started.
  let send = (message: string): void => void notices.push(message);
  const tell = (message: string): void => send(message);
  let leftOut: RunOptions["leftOut"];
  try {
    usePinned("cgroup", filters.cgroupmap);
    usePinned("mntns", filters.mntnsmap);
    notices.push(...sets.flatMap((set) => notice(set, made.includes(set)) ?? []));
    if (wanted.mntns.length > 0) use("mntns", new HeldNamespaces("mnt", wanted.mntns, tell));
    if (wanted.netns.length > 0) use("netns", new HeldNamespaces("net", wanted.netns, tell));
    if (wanted.tree.length > 0) use("tree", new FollowedTrees(wanted.tree, ids, tell));
    if (wanted.cgroup.length > 0) {
      const followed = use("cgroup", new FollowedCgroups(wanted.cgroup, tell));
      notices.push(...whatIsMissing(followed));
      if (followed.mayBeUndecided) leftOut = () => followed.leftOut();
    }
    const unused = (Object.keys(IN_KERNEL) as FilterKind[]).filter((type) => !used.has(type));
    return {
      constants: {
        ...Object.fromEntries([...used.keys()].map((type) => [IN_KERNEL[type].constant, true])),
        ...(leftOut && output === "table" && { decided_only: true }),
      },
      ...(leftOut && output === "ring" && { leftOut }),
      maps: Object.fromEntries([...used].map(([type, map]) => [IN_KERNEL[type].map, map])),
      leaveOut: unused.map((type) => IN_KERNEL[type].map),
      notices,
      started: (notify) => void (send = notify),
      // A command that does nothing for a while is no mistake.
      ...((sets.length > 0 || selectors.some(({ kind }) => kind !== "command")) && {
        whenIdle: () => `no event so far: ${[...sets.map(holds), ...chosen.map(whatIsChosen)].join("; ")}`,
      }),
      close,
    };
  } catch (error) {
    close(false);
    throw error;
  }
}

/** The notice on a set before a trace that will show nothing; undefined if it may show something. */
function notice(set: PinnedSet, made: boolean): string | undefined {
  const members = set.list();
  for (const { id } of members) {
    const misfit = set.misfit(id);
    if (misfit) throw new MapMismatchError(`Cannot narrow to ${set.path}: it holds ${misfit}`);
  }
  const { noun } = KINDS[set.type];
  const add = `add one with: rxbpf map add ${set.path}`;
  if (made)
    return `made ${set.path}, an empty set of ${noun}s, and will remove it if it stays empty: no event will show until it holds one; ${add}`;
  if (members.length === 0)
    return `${set.path} is an empty set of ${noun}s: no event will show until it holds one; ${add}`;
  if (members.every(({ dead }) => dead))
    return `${set.path} holds no live ${noun}: no event will show until it does; ${add}`;
  return undefined;
}

/** Describes what a set holds now. It does not throw, though others may have put anything into the set. */
function holds(set: PinnedSet): string {
  try {
    const members = set.list();
    if (members.length === 0) return `${set.path} is empty`;
    const misfit = members.map(({ id }) => set.misfit(id)).find(Boolean);
    if (misfit) return `${set.path} holds ${misfit}`;
    const names = members.slice(0, NAMED).map(describe);
    if (members.length > NAMED) names.push(`${members.length - NAMED} more`);
    return `${set.path} holds the ${KINDS[set.type].noun}${members.length === 1 ? "" : "s"} ${names.join(", ")}`;
  } catch (error) {
    return (error as Error).message;
  }
}

function describe({ id, dead, path, processes = [] }: Member): string {
  if (dead) return `${id} (dead)`;
  if (dead === undefined) return `${id} (not seen from here)`;
  if (path !== undefined) {
    const state = hasProcesses(path) ? "" : " (without a process of its own; cgroups below it are not members)";
    return printable(path) + state;
  }
  const [first] = processes;
  return `${id} (${first?.pid} ${printable(first?.comm ?? "")}${processes.length > 1 ? ` and ${processes.length - 1} more processes` : ""})`;
}
