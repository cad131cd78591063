import { type CgroupName, cgroupName } from "./cgroup-name.js";
import { ContainerNames } from "./container-names.js";
import type { Selector, SelectorKind } from "./selectors.js";
import { walkCgroups } from "./walk-cgroups.js";

/** Kinds of selectors, a bit each: those that choose a cgroup itself, and those that choose it with all below it. */
export interface Chosen {
  readonly itself: number;
  readonly below: number;
}

/** Every kind that chooses cgroups. */
const KINDS: readonly SelectorKind[] = ["cgroup", "cgroupTree", "unit", "container", "pod", "command"];

/** Selectors of cgroups together. */
export class Choice {
  readonly selectors: readonly Selector[];
  /** The kinds among them: all of them must choose. */
  readonly kinds: number;
  /** Those that have chosen a cgroup. */
  readonly met = new Set<Selector>();

  constructor(selectors: readonly Selector[]) {
    this.selectors = selectors;
    this.kinds = selectors.reduce((bits, { kind }) => bits | kindBit(kind), 0);
  }

  /** What chooses a cgroup, besides what has chosen one above it. */
  of(
    path: string,
    names: Pick<ContainerNames, "of">,
    name: CgroupName = cgroupName(path),
  ): Chosen & { readonly name: CgroupName } {
    return this.#of(path, names, this.selectors, name);
  }

  /**
   * The same of what the kernel leaves undecided, with what has chosen a cgroup above it. Needs only its path, so it may be removed
   * already.
   */
  ofCandidate(path: string, names: ContainerNames): Chosen & { readonly name: CgroupName } {
    const selectors = this.selectors.filter(({ byKernel }) => byKernel.candidates);
    let above = 0;
    for (let end = path.indexOf("/", 1); end > 0; end = path.indexOf("/", end + 1))
      above |= this.#of(path.slice(0, end), names, selectors).below;
    const { itself, below, name } = this.#of(path, names, selectors);
    return { itself: above | itself, below: above | below, name };
  }

  #of(
    path: string,
    names: Pick<ContainerNames, "of">,
    selectors: readonly Selector[],
    name: CgroupName = cgroupName(path),
  ): ReturnType<Choice["of"]> {
    const place = { path, name, called: () => names.of(name) };
    let [itself, below] = [0, 0];
    for (const selector of selectors) {
      if (!selector.chooses(place)) continue;
      this.met.add(selector);
      itself |= kindBit(selector.kind);
      if (selector.withBelow) below |= kindBit(selector.kind);
    }
    return { itself, below, name };
  }
}

/** Its bit. */
export function kindBit(kind: SelectorKind): number {
  return 1 << KINDS.indexOf(kind);
}

/** The ids of the cgroups that selectors choose now, and the selectors that choose any for themselves. */
export function chosenNow(selectors: readonly Selector[]): { ids: Set<number>; met: ReadonlySet<Selector> } {
  const choice = new Choice(selectors);
  const names = new ContainerNames();
  const ids = new Set<number>();
  walkCgroups(0, ({ id, path }, above) => {
    const own = choice.of(path, names);
    if ((above | own.itself) === choice.kinds) ids.add(id);
    return above | own.below;
  });
  return { ids, met: choice.met };
}
