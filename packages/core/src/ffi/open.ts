import { closeSync, constants, fstatSync, openSync } from "node:fs";

import { check } from "./errno.js";
import { lazily, loadLibrary } from "./library.js";

const native = lazily(() => ({
  syscall: loadLibrary("libc.so.6", "libc6").func(
    "long syscall(long number, int dirfd, const char *pathname, const void *how, size_t size)",
  ),
}));

/** The same number on every architecture; since Linux 5.6. */
const SYS_openat2 = 437;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;

/**
 * Opens a regular file for reading. Anything else, such as a FIFO or a device, is refused without opening it, as that
 * could block or have effects. The caller must close it.
 * @throws Error
 */
export function openRegular(path: string): number {
  return reopen(openSync(path, O_PATH), path);
}

/**
 * Like `openRegular`, with a directory as the root: neither `..` nor a link leads out of it, and the last name is not
 * followed if it is a link. Opens files as a process sees them, through `/proc/PID/root`.
 * @param path the path from that root
 * @throws BpfError or Error
 */
export function openRegularIn(root: string, path: string): number {
  // struct open_how { u64 flags; u64 mode; u64 resolve; }
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(O_PATH | O_CLOEXEC | constants.O_NOFOLLOW), 0);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  const folder = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    const opened = Number(native().syscall(SYS_openat2, folder, path, how, how.length));
    return reopen(check("openat2", opened, `open ${path} in ${root}`), path);
  } finally {
    closeSync(folder);
  }
}

/**
 * Opens the file that an O_PATH descriptor stands for, which nobody can exchange any more, and closes that descriptor.
 */
function reopen(named: number, path: string): number {
  try {
    if (!fstatSync(named).isFile()) throw new Error(`Cannot read ${path}: it is not a regular file`);
    return openSync(`/proc/self/fd/${named}`, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } finally {
    closeSync(named);
  }
}
