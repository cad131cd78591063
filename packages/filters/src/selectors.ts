import { existsSync, realpathSync } from "node:fs";
import path from "node:path";

import { type CgroupName, directoriesOf } from "./cgroup-name.js";
import { cgroupId } from "./cgroup-id.js";
import type { ContainerName } from "./container-names.js";
import { globMatcher, isGlob } from "./glob.js";
import { cgroupMounts } from "./mounts.js";
import { NAMESPACE_NOUNS } from "./namespaces.js";

/** What a selector chooses by. */
export type SelectorKind =
  | "cgroup"
  | "cgroupTree"
  | "unit"
  | "container"
  | "pod"
  | "command"
  | "mntns"
  | "netns"
  | "tree";

/** What a kind of selector is called: by people, and on the command line. */
export const NOUNS: Readonly<Record<SelectorKind, string>> = {
  cgroup: "cgroup",
  cgroupTree: "cgroup",
  unit: "unit",
  container: "container",
  pod: "pod",
  command: "command",
  mntns: NAMESPACE_NOUNS.mnt,
  netns: NAMESPACE_NOUNS.net,
  tree: "tree of process",
};

/** A cgroup, as selectors look at it. */
export interface Place {
  /** From the top of the hierarchy. */
  readonly path: string;
  readonly name: CgroupName;
  /** What engines say of it. Costs reading files. */
  readonly called: () => ContainerName;
}

/** What the kernel's programs know of a selector, where it is one of cgroups. */
export interface ByKernel {
  /** The one cgroup that it chooses, by its path in the hierarchy. */
  readonly path?: string;
  /** Patterns of the directories' names that it chooses. */
  readonly names?: readonly string[];
  /** Names of directories that it chooses, wherever they are. */
  readonly directories?: readonly string[];
  /** Patterns of all names that it might choose: `chooses` has to decide. */
  readonly candidates?: readonly string[];
}

/**
 * What a trace is narrowed to, in the words that people use: see `container`, `unit`, `pod`, `cgroupTree`, `cgroup`, `mntns`, `netns`
 * and `tree`, which make one. Of several of one kind any may choose; where there are several kinds all of them must. What it names need not be there yet.
 */
export class Selector {
  readonly kind: SelectorKind;
  readonly word: string;
  /** Whether it chooses what is below, too. */
  readonly withBelow: boolean;
  /** How the kernel finds what it may choose by itself. */
  readonly byKernel: ByKernel;
  /** Whether it chooses a cgroup for itself, not for lying below another. */
  readonly chooses: (place: Place) => boolean;
  readonly #told: unknown;

  /** @internal Use the functions. */
  constructor(
    kind: SelectorKind,
    word: string,
    chooses: (place: Place) => boolean,
    { byKernel = {}, told }: { readonly byKernel?: ByKernel; readonly told?: unknown } = {},
  ) {
    this.kind = kind;
    this.word = word;
    this.chooses = chooses;
    this.withBelow = kind !== "cgroup";
    this.byKernel = byKernel;
    this.#told = told ?? { [kind]: word };
  }

  /** `container web`. */
  toString(): string {
    return `${NOUNS[this.kind]} ${this.word}`;
  }

  /** What a recording says of it. */
  toJSON(): unknown {
    return this.#told;
  }
}

/**
 * The processes in a cgroup itself, not those in cgroups below it.
 * @param directory of cgroup v2, or the cgroup's path in the hierarchy as /proc/PID/cgroup has it
 * @throws Error for another directory
 */
export function cgroup(directory: string): Selector {
  return ofPath("cgroup", directory);
}

/** The same with all cgroups below it, those too that are made later. @throws as `cgroup` */
export function cgroupTree(directory: string): Selector {
  return ofPath("cgroupTree", directory);
}

/** The cgroup that a command has for its own. */
export function ofCommand(directory: string, words: readonly string[]): Selector {
  return ofPath("command", directory, words);
}

function ofPath(kind: "cgroup" | "cgroupTree" | "command", directory: string, told?: readonly string[]): Selector {
  const wanted = pathInHierarchy(directory);
  return new Selector(kind, directory, ({ path }) => path === wanted, { byKernel: { path: wanted }, told });
}

function pathInHierarchy(given: string): string {
  const absolute = existsSync(given) ? realpathSync(given) : path.resolve(given);
  for (const { root, path: top } of cgroupMounts()) {
    if (absolute !== top && !absolute.startsWith(`${top}/`)) continue;
    return (root === "/" ? "" : root) + absolute.slice(top.length) || "/";
  }
  // It says what is wrong with a directory of something else.
  if (existsSync(given) || !given.startsWith("/") || given.startsWith("/sys/")) cgroupId(given);
  return absolute;
}

/** What systemd has as a directory in the hierarchy. Of other types of units nothing runs. */
const UNIT_TYPE = /\.(service|scope|slice|mount|socket|swap)$/;
/** Names that systemd writes with a _ before them, as the kernel has files in a cgroup that begin so. */
const ESCAPED = /^(?:[_.]|cgroup\.|(?:cpu|cpuset|io|memory|pids|hugetlb|rdma|misc)\.)/;

/**
 * A systemd unit with all that it runs, wherever in the hierarchy its cgroup is, as of users' own managers.
 * @param name of a service if it says no type; it may have `*`, `?` and `[a-z]` in it: `app-*.service`
 */
export function unit(name: string): Selector {
  required("unit", name);
  const whole = UNIT_TYPE.test(name) || isGlob(name) ? name : `${name}.service`;
  const directory = ESCAPED.test(whole) ? `_${whole}` : whole;
  const matches = globMatcher(directory);
  const byKernel = { names: [directory] };
  return new Selector("unit", whole, ({ path: at }) => matches(path.basename(at)), { byKernel });
}

/** What the names of all containers' cgroups are like: they have the id in them. */
const CONTAINERS = `*${"[0-9a-f]".repeat(64)}*`;
/** The same of pods' own. */
const PODS = "*pod*";

/** Fewer digits of an id are taken for a name. */
const ID_PREFIX = /^[0-9a-f]{4,64}$/;
const ID = /^[0-9a-f]{64}$/;

/**
 * A container with all that it runs, of Docker, Podman, containerd or CRI-O.
 * @param word its name, which may have `*`, `?` and `[a-z]` in it; or the first 4 or more digits of its id
 */
export function container(word: string): Selector {
  required("container", word);
  const matches = globMatcher(word);
  const chooses = ({ name, called }: Place): boolean => {
    if (name.is !== "container") return false;
    if (ID_PREFIX.test(word) && name.containerId!.startsWith(word)) return true;
    const calledIt = called().name;
    return calledIt !== undefined && matches(calledIt);
  };
  const directories = ID.test(word) ? directoriesOf(word) : [];
  return new Selector("container", word, chooses, { byKernel: { candidates: [CONTAINERS], directories } });
}

/**
 * All containers of a Kubernetes pod.
 * @param word `NAMESPACE/NAME`, which may have `*`, `?` and `[a-z]` in it; or the pod's uid
 * @throws Error for another word
 */
export function pod(word: string): Selector {
  required("pod", word);
  const isUid = /^[0-9a-f]{8}-?[0-9a-f-]+$/.test(word);
  if (!isUid && !/^[^/]+\/[^/]+$/.test(word)) throw new Error(`A pod is NAMESPACE/NAME, not ${JSON.stringify(word)}`);
  const matches = globMatcher(word);
  const chooses = ({ name, called }: Place): boolean => {
    // Where engines mix the two ways to name cgroups, a pod has none of its own.
    if (isUid) return (name.is === "pod" || name.is === "container") && name.pod?.uid === word;
    if (name.is !== "container") return false;
    const inPod = called().pod;
    return inPod !== undefined && matches(inPod);
  };
  return new Selector("pod", word, chooses, { byKernel: { candidates: [isUid ? PODS : CONTAINERS] } });
}

/**
 * The processes in a mount namespace.
 * @param of the id of a process in it, in this process's pid namespace; or the inode of the namespace, which is 4026531832 or more;
 * or a path of it, such as /proc/PID/ns/mnt
 * @throws Error for what is none of these
 */
export function mntns(of: number | string): Selector {
  return ofNamespace("mntns", of);
}

/**
 * The processes in a network namespace. Of a socket it is the socket's own namespace that counts, for probes of TCP.
 * @param of as for `mntns`; a path such as /run/netns/NAME, which `ip netns add` makes
 * @throws as `mntns`
 */
export function netns(of: number | string): Selector {
  return ofNamespace("netns", of);
}

function ofNamespace(kind: "mntns" | "netns", of: number | string): Selector {
  const word = String(of);
  if (!isId(word) && !word.includes("/"))
    throw new Error(`A ${NOUNS[kind]} is a PID, an inode, or a path with a /, not ${JSON.stringify(of)}`);
  return new Selector(kind, word, () => false);
}

/**
 * A process, all that are below it when the trace starts, and all that any of these start from then on: those too whose parent
 * has ended, so that another process has become their parent. Needs kernel 5.12.
 * @param pid in this process's pid namespace
 * @throws Error for what is no process id
 */
export function tree(pid: number | string): Selector {
  const word = String(pid);
  if (!isId(word)) throw new Error(`A tree of processes is named by a PID, not ${JSON.stringify(pid)}`);
  return new Selector("tree", word, () => false);
}

function isId(word: string): boolean {
  return /^[1-9]\d{0,9}$/.test(word);
}

function required(kind: SelectorKind, word: unknown): void {
  if (typeof word !== "string" || word === "")
    throw new Error(`A ${NOUNS[kind]} is a name, not ${JSON.stringify(word)}`);
}
