import { printable } from "@rxbpf/core";

import { hasProcesses, liveCgroups } from "./cgroups.js";
import { isMissing, isOutOfSight } from "./file-systems.js";
import type { FollowedCgroups } from "./followed-cgroups.js";
import { namesNow } from "./nameables.js";
import { near } from "./near.js";
import { NOUNS, type Selector } from "./selectors.js";

/** How many cgroups a message names. */
const NAMED = 4;

/** What is to be said of selectors before a trace that may show nothing: a line each. */
export function whatIsMissing(followed: FollowedCgroups): string[] {
  const { met, selectors } = followed.choice;
  const unmet = selectors.filter((one) => !met.has(one));
  if (unmet.length > 0) return unmet.map((one) => notThere(one, " yet; waiting for one"));
  const ids = followed.ids();
  if (ids.length === 0) return [`${all(selectors)} have no cgroup in common: no event will show until they do`];
  // The command is yet to start.
  if (selectors.some(({ kind }) => kind === "command")) return [];
  const paths = pathsOf(ids);
  if (paths.some(mayRun)) return [];
  const below = selectors.every(({ withBelow }) => !withBelow) && paths.some(runsBelow);
  const advice = below ? "; it does in cgroups below: --cgroup-tree takes those too" : "";
  return [`no process runs in ${all(selectors)}${advice}`];
}

/** What they choose now, where no event has come. */
export function whatIsChosen(chosen: FollowedCgroups | { readonly selectors: readonly Selector[] }): string {
  if (!("choice" in chosen)) return `it shows ${all(chosen.selectors)} alone`;
  const { selectors } = chosen.choice;
  const ids = chosen.ids();
  if (ids.length === 0) return `there is no ${all(selectors)} yet`;
  const paths = pathsOf(ids).slice(0, NAMED).map(printable);
  if (ids.length === 1 && all(selectors).endsWith(paths[0] ?? "")) return `it shows ${all(selectors)} alone`;
  const more = ids.length > paths.length ? ` and ${ids.length - paths.length} more` : "";
  return `${all(selectors)} ${ids.length === 1 ? "is" : "are"} ${paths.join(", ")}${more}`;
}

/**
 * Says that a selector chooses nothing, and what else somebody may have meant.
 * @param state what is to be said besides
 */
export function notThere(selector: Selector, state: string = ""): string {
  const { kind, word } = selector;
  const none = `there is no ${printable(String(selector))}${state}`;
  const names = namesNow(kind);
  if (!names) return none;
  const similar = near(word, names);
  if (similar.length > 0) return `${none}; there is ${similar.map(printable).join(", ")}`;
  return `${none}; rxbpf containers lists what there is`;
}

function all(selectors: readonly Selector[]): string {
  const kinds = [...new Set(selectors.map(({ kind }) => kind))];
  const words = kinds.map((kind) => {
    const ofKind = selectors.filter((one) => one.kind === kind).map(({ word }) => printable(word));
    return `${NOUNS[kind]} ${ofKind.join(" or ")}`;
  });
  return words.join(" and ");
}

function pathsOf(ids: readonly number[]): string[] {
  const live = liveCgroups();
  return ids.flatMap((id) => live.get(id) ?? []);
}

/** Whether a process runs in a cgroup, or may, as its owner lets nobody else look. */
function mayRun(cgroup: string): boolean {
  try {
    return hasProcesses(cgroup);
  } catch (error) {
    if (isOutOfSight(error)) return !isMissing(error);
    throw error;
  }
}

function runsBelow(cgroup: string): boolean {
  return [...liveCgroups().values()].some((path) => path.startsWith(`${cgroup}/`) && mayRun(path));
}
