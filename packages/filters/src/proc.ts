import { readFileSync } from "node:fs";

/**
 * How many levels above this process's pid namespace that is whose processes /proc shows. Mostly none; one in the
 * shell of `unshare --pid --fork`, where /proc is still the outer one.
 */
export function levelsUpToProc(): number {
  // A process's id in each namespace from that of /proc down to its own.
  const [, ids = ""] = /^NSpid:\s+(.*)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return ids.split(/\s+/).length - 1;
}

/** @throws Error where /proc has another process under an id than this process's pid namespace */
export function requireOwnProc(action: string): void {
  if (levelsUpToProc() > 0)
    throw new Error(
      `Cannot ${action}: /proc is that of another pid namespace; mount this one's: mount -t proc proc /proc`,
    );
}
