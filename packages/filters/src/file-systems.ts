import { statfsSync } from "node:fs";

/** Kinds of file systems, by their numbers in include/uapi/linux/magic.h. */
export const FileSystem = {
  bpf: 0xcafe4a11,
  cgroup1: 0x27e0eb,
  cgroup2: 0x63677270,
  nsfs: 0x6e736673,
} as const;

/** The kind of file system that a path is on; undefined if there is no such path. */
export function fileSystemOf(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an error means that a path, or a directory on the way to it, does not exist, or no longer. */
export function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ENODEV", "ESRCH"].includes(errorCode(error));
}

/** Whether nothing can be seen of a path: it is not there, or its owner lets nobody else look. */
export function isOutOfSight(error: unknown): boolean {
  return isMissing(error) || errorCode(error) === "EACCES";
}

/** The name of an error's number, for example `EPERM`; empty if it has none. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
