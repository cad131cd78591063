import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

import { show, UsageError } from "../define/options.js";

/** A directory as the kernel identifies it: its inode number, and the device number of its file system. */
export interface Directory {
  readonly inode: bigint;
  readonly device: number;
}

/** @throws UsageError for a path that is not a directory */
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

/** From mountinfo, because some file systems give stat(2) another number. */
function deviceOf(fd: number): number {
  const [, mount] = /^mnt_id:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))!;
  const [, major, minor] = new RegExp(`^${mount} \\d+ (\\d+):(\\d+) `, "m").exec(
    readFileSync("/proc/self/mountinfo", "utf8"),
  )!;
  return Number(major) * 2 ** MINOR_BITS + Number(minor);
}
