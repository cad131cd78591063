import { check, errnoName, lastErrno } from "./errno.js";
import { hasNative } from "./koffi.js";
import { libc } from "./libc.js";

const LOCK_EX = 2;
const LOCK_NB = 4;
const FALLOC_FL_KEEP_SIZE = 1;
/** What a file system says that has no such locks (some want a file open for writing), or no way to reserve room. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  ...["EBADF", "EINVAL", "ENODEV", "ENOLCK", "ENOSYS", "EOPNOTSUPP", "ESPIPE"],
]);

/**
 * Locks an open file, as flock(1) does, for as long as it is open: the lock ends with the process at the latest. A file
 * system that has no locks gives one that nobody heeds, and so does an installation without koffi.
 * @returns false where somebody else has it
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
 * Reserves room for bytes of a file after its end, whose length stays as it is.
 * @returns false where the file system cannot reserve any, or koffi is missing
 * @throws BpfError, with `ENOSPC` where there is no such room
 */
export function reserveRoom(fd: number, position: number, length: number): boolean {
  if (!hasNative()) return false;
  for (;;) {
    const result = libc().fallocate(fd, FALLOC_FL_KEEP_SIZE, position, length);
    if (result === 0) return true;
    const code = errnoName(lastErrno());
    if (UNSUPPORTED.has(code)) return false;
    // A signal came, which others handle.
    if (code !== "EINTR") check("fallocate", result, "reserve room for a file");
  }
}
