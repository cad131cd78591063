import type { MapInfo } from "@rxbpf/core/bpf";
import { inFirstNamespace } from "@rxbpf/core/system";

import { cgroupId } from "./cgroup-id.js";
import { areAllCgroups, cgroupIdOfProcess, liveCgroups } from "./cgroups.js";
import { FileSystem, fileSystemOf } from "./file-systems.js";
import {
  isNamespaceId,
  liveMountNamespaces,
  mountNamespaceId,
  mountNamespaceOfProcess,
  type Process,
} from "./namespaces.js";

/** What the ids of a set stand for: cgroups (v2), or mount namespaces. */
export type SetKind = "cgroup" | "mntns";

/** An id in a set, with what it stands for now. */
export interface Member {
  readonly id: number;
  /**
   * Whether there is no such cgroup, or no process in the namespace. Undefined if this process sees only a part of them
   * and cannot tell.
   */
  readonly dead?: boolean;
  /** The directory of a cgroup. */
  readonly path?: string;
  /** The processes in a mount namespace. */
  readonly processes?: readonly Process[];
}

/** Everything in which the two kinds of sets differ. */
export interface Kind {
  /**
   * Names of its map: first the one that BCC's tools and rxbpf use, then others that are accepted, as in BCC's examples
   * for bpftool.
   */
  readonly mapNames: readonly [string, ...string[]];
  /** The value size of the map that BCC's tools declare. The values are never read. */
  readonly valueSize: number;
  /** The word for a member. */
  readonly noun: string;
  /** The command line's option for such a set. */
  readonly option: string;
  ofPath(path: string): number;
  ofProcess(pid: number): number;
  /** Says what an id is that cannot be a member: `a cgroup id`. Undefined for an id that can. */
  misfit(id: number): string | undefined;
  /** Takes a snapshot of what lives now. Returns a function that tells what an id stands for. */
  snapshot(): (id: number) => Member;
}

export const KINDS: Readonly<Record<SetKind, Kind>> = {
  cgroup: {
    mapNames: ["cgroupset"],
    valueSize: 8,
    noun: "cgroup",
    option: "--cgroupmap",
    ofPath(path) {
      if (fileSystemOf(path) === FileSystem.nsfs) throw new Error(`Cannot use ${path} as a cgroup: it is a namespace`);
      return cgroupId(path);
    },
    ofProcess: cgroupIdOfProcess,
    misfit: (id) => (isNamespaceId(id) && !liveCgroups().has(id) ? "a mount-namespace id" : undefined),
    snapshot() {
      const live = liveCgroups();
      return (id) => {
        const path = live.get(id);
        return path === undefined ? missing(id, areAllCgroups(live)) : { id, dead: false, path };
      };
    },
  },
  mntns: {
    mapNames: ["mount_ns_set", "mnt_ns_set"],
    valueSize: 4,
    noun: "mount namespace",
    option: "--mntnsmap",
    ofPath(path) {
      if (fileSystemOf(path) === FileSystem.cgroup2)
        throw new Error(`Cannot use ${path} as a mount namespace: it is a cgroup`);
      return mountNamespaceId(path);
    },
    ofProcess: mountNamespaceOfProcess,
    misfit(id) {
      if (isNamespaceId(id)) return undefined;
      return liveCgroups().has(id) ? "a cgroup id" : "no mount-namespace id";
    },
    snapshot() {
      const live = liveMountNamespaces();
      const areAll = inFirstNamespace("pid");
      return (id) => {
        const processes = live.get(id);
        return processes ? { id, dead: false, processes } : missing(id, areAll);
      };
    },
  },
};

/** A member that was not found. */
function missing(id: number, allAreSeen: boolean): Member {
  return allAreSeen ? { id, dead: true } : { id };
}

const ALL = Object.keys(KINDS) as SetKind[];

/** The kind of set that a map is by its name. The shape does not tell: another program's map may have the same. */
export function namedKind({ name }: MapInfo): SetKind | undefined {
  return ALL.find((kind) => KINDS[kind].mapNames.includes(name));
}

/** Guesses the kind of a set from the map's name or value size; undefined if neither tells. */
export function guessKind(info: MapInfo): SetKind | undefined {
  return namedKind(info) ?? ALL.find((kind) => KINDS[kind].valueSize === info.valueSize);
}
