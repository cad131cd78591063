import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

import { show, UsageError } from "../define/options.js";

/** A directory as the kernel has it: the number of its inode, and that of its file system's device. */
export interface Directory {
  readonly inode: bigint;
  readonly device: number;
}

/** @throws UsageError for a path that is no directory */
export function directoryAt(path: string): Directory {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    throw new UsageError(`directory takes a directory, not ${show(path)}: ${(cause as Error).message}`, { cause });
  }
  try {
    return { inode: fstatSync(fd, { bigint: true }).ino, device: deviceOf(fd) };
  } finally {
    closeSync(fd);
  }
}

const MINOR_BITS = 20; // include/linux/kdev_t.h

/** Not that of stat(2), which some file systems make up. */
function deviceOf(fd: number): number {
  const [, mount] = /^mnt_id:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))!;
  const [, major, minor] = new RegExp(`^${mount} \\d+ (\\d+):(\\d+) `, "m").exec(
    readFileSync("/proc/self/mountinfo", "utf8"),
  )!;
  return Number(major) * 2 ** MINOR_BITS + Number(minor);
}
