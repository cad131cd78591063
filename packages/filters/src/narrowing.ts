import { cgroup, cgroupTree, container, mntns, pod, Selector, type SelectorKind, unit } from "./selectors.js";

/** What narrows a trace. Of several of one kind any may hold, and all kinds that are given must. */
export interface SetFilters {
  /** Only processes whose very cgroup is in the set pinned at this path; one below it is another. Not with selectors of cgroups. */
  readonly cgroupmap?: string;
  /** Only processes whose mount namespace is in the set pinned at this path. Not with `mntns`. */
  readonly mntnsmap?: string;
  /** Only what these choose. */
  readonly within?: Selector | readonly Selector[];
  /** The same by their words alone, see the functions of these names. */
  readonly cgroup?: readonly string[];
  readonly cgroupTree?: readonly string[];
  readonly unit?: readonly string[];
  readonly container?: readonly string[];
  readonly pod?: readonly string[];
  readonly mntns?: readonly string[];
}

/** What makes selectors of words, by kind. */
const MAKERS = { cgroup, cgroupTree, unit, container, pod, mntns } as const satisfies Partial<
  Record<SelectorKind, (word: string) => Selector>
>;

const NAMES = ["cgroupmap", "mntnsmap", "within", ...(Object.keys(MAKERS) as (keyof typeof MAKERS)[])] as const;

/** What of some options narrows a trace. */
export function narrowingOf(options: SetFilters): SetFilters {
  return Object.fromEntries(NAMES.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

/** All selectors among them. @throws Error for a word that is none of its kind */
export function selectorsOf(filters: SetFilters): Selector[] {
  const { within = [] } = filters;
  const worded = (Object.keys(MAKERS) as (keyof typeof MAKERS)[]).flatMap((kind) =>
    (filters[kind] ?? []).map((word) => MAKERS[kind](word)),
  );
  return [...(within instanceof Selector ? [within] : within), ...worded];
}

/** Whether it chooses cgroups; else mount namespaces. */
export function isOfCgroups({ kind }: Selector): boolean {
  return kind !== "mntns";
}

/** Why they cannot be had together; undefined where they can. @throws as `selectorsOf` */
export function conflictIn(filters: SetFilters): string | undefined {
  const selectors = selectorsOf(filters);
  const cgroups = selectors.find(isOfCgroups);
  const namespaces = selectors.find((one) => !isOfCgroups(one));
  if (filters.cgroupmap !== undefined && cgroups) return `cgroupmap and ${nameOf(cgroups)} exclude each other`;
  if (filters.mntnsmap !== undefined && namespaces) return `mntnsmap and ${nameOf(namespaces)} exclude each other`;
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
