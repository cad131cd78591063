import {
  cgroup,
  cgroupTree,
  container,
  mntns,
  netns,
  pod,
  Selector,
  type SelectorKind,
  tree,
  unit,
} from "./selectors.js";

/** One or several, of which any will do. */
export type OneOrMore<T> = T | readonly T[];

/** What narrows a trace. Of several of one kind any may hold, and all kinds that are given must. */
export interface SetFilters {
  /** Only processes whose very cgroup is in the set pinned at this path; one below it is another. Not with selectors of cgroups. */
  readonly cgroupmap?: string;
  /** Only processes whose mount namespace is in the set pinned at this path. Not with `mntns`. */
  readonly mntnsmap?: string;
  /** Only what these choose. */
  readonly within?: OneOrMore<Selector>;
  /** The same by their words alone, see the functions of these names. */
  readonly cgroup?: OneOrMore<string>;
  readonly cgroupTree?: OneOrMore<string>;
  readonly unit?: OneOrMore<string>;
  readonly container?: OneOrMore<string>;
  readonly pod?: OneOrMore<string>;
  readonly mntns?: OneOrMore<number | string>;
  readonly netns?: OneOrMore<number | string>;
  readonly tree?: OneOrMore<number | string>;
}

/** What makes selectors of words, by kind. Each is an option of every probe. @throws Error for a word that is none of its kind */
export const SELECTOR_MAKERS = {
  cgroup,
  cgroupTree,
  unit,
  container,
  pod,
  mntns,
  netns,
  tree,
} as const satisfies Partial<Record<SelectorKind, (word: string) => Selector>>;

/** Kinds of selectors that have an option. */
export type WordedKind = keyof typeof SELECTOR_MAKERS;

const WORDED = Object.keys(SELECTOR_MAKERS) as WordedKind[];
const NAMES = ["cgroupmap", "mntnsmap", "within", ...WORDED] as const;

/** What of some options narrows a trace. */
export function narrowingOf(options: SetFilters): SetFilters {
  return Object.fromEntries(NAMES.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

/** All selectors among them. @throws Error for a word that is none of its kind */
export function selectorsOf(filters: SetFilters): Selector[] {
  const { within = [] } = filters;
  const worded = WORDED.flatMap((kind) =>
    [filters[kind] ?? []].flat().map((word) => SELECTOR_MAKERS[kind](String(word))),
  );
  return [...[within].flat(), ...worded];
}

/** What a kind of selector chooses: the kernel has a filter for each. */
export type FilterKind = "cgroup" | "mntns" | "netns" | "tree";

/** Selectors by what they choose. */
export function byFilter(selectors: readonly Selector[]): Readonly<Record<FilterKind, readonly Selector[]>> {
  const of = (wanted: FilterKind): readonly Selector[] => selectors.filter(({ kind }) => filterOf(kind) === wanted);
  return { cgroup: of("cgroup"), mntns: of("mntns"), netns: of("netns"), tree: of("tree") };
}

function filterOf(kind: SelectorKind): FilterKind {
  return kind === "mntns" || kind === "netns" || kind === "tree" ? kind : "cgroup";
}

/** Whether a trace is narrowed to a command that it runs: where that does nothing for a while, nothing is wrong. */
export function isOfCommand(filters: SetFilters): boolean {
  return selectorsOf(filters).some(({ kind }) => kind === "command");
}

/** Why they cannot be had together; undefined where they can. @throws as `selectorsOf` */
export function conflictIn(filters: SetFilters): string | undefined {
  const { cgroup, mntns } = byFilter(selectorsOf(filters));
  if (filters.cgroupmap !== undefined && cgroup[0]) return `cgroupmap and ${nameOf(cgroup[0])} exclude each other`;
  if (filters.mntnsmap !== undefined && mntns[0]) return `mntnsmap and ${nameOf(mntns[0])} exclude each other`;
  return undefined;

  function nameOf(selector: Selector): string {
    const { within = [] } = filters;
    const isGiven = within === selector || (Array.isArray(within) && within.includes(selector));
    return isGiven ? "within" : optionOf(selector.kind);
  }
}

/** As on the command line, without dashes before it. */
function optionOf(kind: SelectorKind): string {
  return kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
