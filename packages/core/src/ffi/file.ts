import { check, errnoName, lastErrno } from "./errno.js";
import { hasNative } from "./koffi.js";
import { libc } from "./libc.js";

const LOCK_EX = 2;
const LOCK_NB = 4;
const FALLOC_FL_KEEP_SIZE = 1;
/** Errors of file systems that have no such locks (some require a file open for writing), or no way to reserve room. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  ...["EBADF", "EINVAL", "ENODEV", "ENOLCK", "ENOSYS", "EOPNOTSUPP", "ESPIPE"],
]);

/**
 * Locks an open file, as flock(1) does, while it is open; the lock ends with the process at the latest. On a file
 * system without locks, or without koffi, it returns true but nothing is locked.
 * @returns false if somebody else has the lock
 * @throws BpfError
 */
export function lockFile(fd: number): boolean {
  if (!hasNative()) return true;
  const result = libc().flock(fd, LOCK_EX | LOCK_NB);
  if (result === 0) return true;
  const code = errnoName(lastErrno());
  if (code === "EAGAIN") return false;
  if (!UNSUPPORTED.has(code)) check("flock", result, "lock a file");
  return true;
}

/**
 * Reserves room for bytes after the end of a file. Its length does not change.
 * @returns false if the file system cannot reserve room, or if koffi is missing
 * @throws BpfError, with `ENOSPC` if there is not enough room
 */
export function reserveRoom(fd: number, position: number, length: number): boolean {
  if (!hasNative()) return false;
  for (;;) {
    const result = libc().fallocate(fd, FALLOC_FL_KEEP_SIZE, position, length);
    if (result === 0) return true;
    const code = errnoName(lastErrno());
    if (UNSUPPORTED.has(code)) return false;
    // EINTR: a signal came, which is handled elsewhere.
    if (code !== "EINTR") check("fallocate", result, "reserve room for a file");
  }
}
