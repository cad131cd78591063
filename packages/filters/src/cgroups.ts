import { readdirSync, readFileSync, statSync } from "node:fs";

import { cgroupId } from "./cgroup-id.js";
import { isMissing } from "./file-systems.js";
import { type CgroupMount, cgroupMounts } from "./mounts.js";

const SLASH = Buffer.from("/");

/** All cgroups that exist, id to directory, read from the mounted hierarchy. */
export function liveCgroups(): Map<number, string> {
  const found = new Map<number, string>();
  // Names are bytes, which need not be text.
  const directories = cgroupMounts().map(({ path }) => Buffer.from(path));
  for (const directory of directories) {
    try {
      // With 64-bit inodes a cgroup's inode is its id, since kernel 5.5.
      const id = statSync(directory).ino;
      if (!found.has(id)) found.set(id, directory.toString());
      for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
        if (entry.isDirectory()) directories.push(Buffer.concat([directory, SLASH, entry.name]));
      }
    } catch (error) {
      // Removed while we looked.
      if (!isMissing(error)) throw error;
    }
  }
  return found;
}

/** The id of the cgroup that a process is in. @throws Error where there is none to be seen from here */
export function cgroupIdOfProcess(pid: number): number {
  return cgroupId(cgroupOfProcess(pid));
}

/** The directory of the cgroup that a process is in. @throws Error where there is none to be seen from here */
export function cgroupOfProcess(pid: number, mounts: readonly CgroupMount[] = cgroupMounts()): string {
  const fail = (state: string): never => {
    throw new Error(`Cannot find the cgroup of process ${pid}: ${state}`);
  };
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch (error) {
    if (isMissing(error)) return fail("there is no such process");
    throw error;
  }
  const name = /^0::(\/.*)$/m.exec(text)?.[1] ?? fail("this kernel has no cgroup v2");
  for (const { root, path } of mounts) {
    const top = root === "/" ? "" : root;
    if (name === root || name.startsWith(`${top}/`)) return path + name.slice(top.length).replace(/\/$/, "");
  }
  return fail(`${name} is below no mount of cgroup v2`);
}

/** Whether a process runs in this very cgroup, not only in one below it. */
export function hasProcesses(cgroup: string): boolean {
  return readFileSync(`${cgroup}/cgroup.threads`, "utf8") !== "";
}
