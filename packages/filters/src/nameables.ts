import { readFileSync } from "node:fs";

import { type CgroupName, cgroupName, type Engine, type QosClass } from "./cgroup-name.js";
import { ContainerNames } from "./container-names.js";
import { networkNamespaceMounts } from "./mounts.js";
import type { SelectorKind } from "./selectors.js";
import { type SeenCgroup, walkCgroups } from "./walk-cgroups.js";

/** What a trace can be narrowed to by a name. */
export interface Nameable {
  readonly kind: "container" | "pod" | "unit" | "slice";
  /** What people call it: a container by its name, or where nobody tells that by its id; a pod `NAMESPACE/NAME`, or its uid. */
  readonly name: string;
  readonly engine?: Engine;
  readonly containerId?: string;
  /** The pod that a container is in. */
  readonly pod?: string;
  readonly podUid?: string;
  readonly qos?: QosClass;
  /** The systemd unit that a container is. */
  readonly unit?: string;
  readonly cgroupId: number;
  /** Its directory. */
  readonly path: string;
  /** How many processes run in it and below it, as far as this process's pid namespace shows them. */
  readonly processes: number;
}

const KINDS = ["container", "pod", "unit", "slice"] as const;

/**
 * The containers, pods, units and slices whose cgroups are seen from here; units and slices within a container are its own affair,
 * and left out. Blocks while it asks for names.
 */
export function nameables(names: ContainerNames = new ContainerNames()): Nameable[] {
  const found = new Map<number, Counted>();
  walkCgroups<readonly Counted[]>([], (cgroup, around) => {
    const one = found.get(cgroup.id) ?? counted(cgroup, names);
    const inContainer = around.some(({ nameable }) => nameable.kind === "container");
    const isListed = one !== undefined && !(inContainer && one.nameable.kind !== "container");
    // A hierarchy can be mounted twice.
    const isNew = !found.has(cgroup.id);
    if (isListed) found.set(cgroup.id, one);
    const here = isListed ? [...around, one] : around;
    if (!isNew) return here;
    const processes = processesIn(cgroup.directory);
    for (const each of here) each.processes += processes;
    if (isListed && one.nameable.kind === "container") nameThePod(one.nameable, around);
    return here;
  });
  return [...found.values()]
    .map(({ nameable, processes }) => ({ ...nameable, processes }))
    .sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}

/** The words that a kind of selector can have now, where it has names: those of units, containers, pods and network namespaces. */
export function namesNow(kind: SelectorKind): readonly string[] | undefined {
  if (kind === "netns") return networkNamespaceMounts();
  if (kind !== "unit" && kind !== "container" && kind !== "pod") return undefined;
  const named = nameables().filter((one) => one.kind === kind || (kind === "unit" && one.kind === "slice"));
  return [...new Set(named.map(({ name }) => name))];
}

type Named = Omit<Nameable, "processes">;

interface Counted {
  nameable: Named;
  processes: number;
}

function counted({ id, directory, path }: SeenCgroup, names: ContainerNames): Counted | undefined {
  const name = cgroupName(path);
  if (!name.is) return undefined;
  const common = { kind: name.is, cgroupId: id, path: directory.toString() };
  return { nameable: { ...common, ...described(name, names) }, processes: 0 };
}

function described(name: CgroupName, names: ContainerNames): Omit<Named, "kind" | "cgroupId" | "path"> {
  const { is, engine, containerId, pod, unit = "", slice = "" } = name;
  const ofPod = pod && { podUid: pod.uid, qos: pod.qos };
  if (is === "pod") return { name: pod!.uid, ...ofPod };
  if (is !== "container") return { name: is === "unit" ? unit : slice };
  const called = names.of(name);
  return {
    name: called.name ?? containerId!,
    ...(engine && { engine }),
    ...(containerId !== undefined && { containerId }),
    ...(called.pod !== undefined && { pod: called.pod }),
    ...ofPod,
    ...(unit !== "" && { unit }),
  };
}

/** Only its containers know what a pod is called. */
function nameThePod({ pod }: Named, around: readonly Counted[]): void {
  const last = around.at(-1);
  if (pod !== undefined && last?.nameable.kind === "pod") last.nameable = { ...last.nameable, name: pod };
}

function processesIn(directory: Buffer): number {
  try {
    return readFileSync(Buffer.concat([directory, Buffer.from("/cgroup.procs")]), "utf8").split("\n").length - 1;
  } catch {
    return 0; // it is gone, or its threads are counted above
  }
}
