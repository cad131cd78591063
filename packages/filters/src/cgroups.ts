import { readFileSync } from "node:fs";

import { cgroupId } from "./cgroup-id.js";
import { isMissing, isOutOfSight } from "./file-systems.js";
import { CGROUP2_MISSING, type CgroupMount, cgroupMounts } from "./mounts.js";
import { requireOwnProc } from "./proc.js";
import { type SeenCgroup, walkCgroups } from "./walk-cgroups.js";

/** All cgroups that this process sees, id to directory, read from the mounted hierarchy. */
export function liveCgroups(mounts: readonly CgroupMount[] = cgroupMounts()): Map<number, string> {
  const found = new Map<number, string>();
  const visit = ({ id, directory }: SeenCgroup): void => {
    if (!found.has(id)) found.set(id, directory.toString());
  };
  walkCgroups(undefined, visit, mounts);
  return found;
}

/** The id of the topmost cgroup. */
const ROOT_ID = 1;

/** Whether these are all cgroups of the machine. In a container often only a part of them is mounted. */
export function areAllCgroups(live: ReadonlyMap<number, string>): boolean {
  return live.has(ROOT_ID);
}

/** The id of the cgroup that a process is in. @throws Error if this process does not see that cgroup */
export function cgroupIdOfProcess(pid: number): number {
  return cgroupId(cgroupOfProcess(pid));
}

/** The directory of the cgroup that a process is in. @throws Error if this process does not see that cgroup */
export function cgroupOfProcess(pid: number, mounts: readonly CgroupMount[] = cgroupMounts()): string {
  const fail = (state: string): never => {
    throw new Error(`Cannot find the cgroup of process ${pid}: ${state}`);
  };
  requireOwnProc(`find the cgroup of process ${pid}`);
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch (error) {
    if (isMissing(error)) return fail("there is no such process");
    throw error;
  }
  const name = /^0::(\/.*)$/m.exec(text)?.[1] ?? fail("this kernel has no cgroup v2");
  if (mounts.length === 0) return fail(CGROUP2_MISSING);
  return (
    byName(name, mounts) ??
    byMember(pid, mounts) ??
    fail(`${name} is not below any mount of cgroup v2 that this process sees`)
  );
}

/**
 * Names begin at the root of this process's cgroup namespace. A name outside of it, also that of a mount's top, begins
 * with `/..` for each level. Such a name can only be followed from a top with the same number of levels.
 */
function byName(name: string, mounts: readonly CgroupMount[]): string | undefined {
  for (const { root, path } of mounts) {
    const top = root === "/" ? "" : root;
    if (name !== root && !name.startsWith(`${top}/`)) continue;
    const below = name.slice(top.length).replace(/\/$/, "");
    if (!/^\/\.\.(\/|$)/.test(below)) return path + below;
  }
  return undefined;
}

/** Searches every cgroup that this process sees. */
function byMember(pid: number, mounts: readonly CgroupMount[]): string | undefined {
  const line = new RegExp(`^${pid}$`, "m");
  for (const path of liveCgroups(mounts).values()) {
    try {
      if (line.test(readFileSync(`${path}/cgroup.threads`, "utf8"))) return path;
    } catch (error) {
      if (!isOutOfSight(error)) throw error;
    }
  }
  return undefined;
}

/** Whether a process runs in this cgroup itself, not only in one below it. */
export function hasProcesses(cgroup: string): boolean {
  return readFileSync(`${cgroup}/cgroup.threads`, "utf8") !== "";
}
