import { readdirSync, statSync } from "node:fs";

import { textOf } from "@rxbpf/core";

import { isOutOfSight } from "./file-systems.js";
import { type CgroupMount, cgroupMounts } from "./mounts.js";

const SLASH = Buffer.from("/");

/** A cgroup that is seen from here. */
export interface SeenCgroup {
  readonly id: number;
  /** Names are bytes, which need not be text. */
  readonly directory: Buffer;
  /** From the top of the hierarchy, as far as this process sees it: as /proc/PID/cgroup has it. */
  readonly path: string;
}

/**
 * Visits all cgroups that are seen from here, from the top down. What is made below one after it was visited is not missed: who
 * visits it then, or the kernel's own word of it, sees it.
 * @param visit gets what it gave for the cgroup above, and gives what those below get
 */
export function walkCgroups<T>(
  top: T,
  visit: (cgroup: SeenCgroup, above: T) => T,
  mounts: readonly CgroupMount[] = cgroupMounts(),
): void {
  for (const { path, root } of mounts) {
    walkFrom({ directory: Buffer.from(path), path: root === "/" ? "" : root }, top, visit);
  }
}

/** The same of one cgroup and those below it. */
function walkFrom<T>(
  { directory, path }: Pick<SeenCgroup, "directory" | "path">,
  above: T,
  visit: (cgroup: SeenCgroup, above: T) => T,
): void {
  const left = [{ directory, path, above }];
  for (const { directory, path, above } of left) {
    try {
      // With 64-bit inodes a cgroup's inode is its id, since kernel 5.5.
      const here = visit({ id: statSync(directory).ino, directory, path: path || "/" }, above);
      for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
        if (!entry.isDirectory()) continue;
        const below = Buffer.concat([directory, SLASH, entry.name]);
        left.push({ directory: below, path: `${path}/${textOf(entry.name)}`, above: here });
      }
    } catch (error) {
      // It was removed meanwhile, or its owner lets nobody else look.
      if (!isOutOfSight(error)) throw error;
    }
  }
}
