import { readFileSync } from "node:fs";

/**
 * How many levels above this process's pid namespace the one is that /proc shows. Usually 0; 1 in the shell of
 * `unshare --pid --fork`, where /proc is still the outer one.
 */
export function levelsUpToProc(): number {
  // A process's ids: one for each pid namespace, from that of /proc down to its own.
  const [, ids = ""] = /^NSpid:\s+(.*)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return ids.split(/\s+/).length - 1;
}

/** Checks that ids in /proc are those of this process's pid namespace. @throws Error if they are not */
export function requireOwnProc(action: string): void {
  if (levelsUpToProc() > 0)
    throw new Error(
      `Cannot ${action}: /proc belongs to another pid namespace; mount this one's: mount -t proc proc /proc`,
    );
}
