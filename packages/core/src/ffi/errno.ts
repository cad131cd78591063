import { BpfError } from "../errors.js";
import { adviceOn } from "../system-errors.js";
import { native } from "./koffi.js";
import { lazily } from "./library.js";

const names = lazily(
  () =>
    new Map(Object.entries(native().os.errno).map(([name, number]) => [number, name]))
      .set(11, "EAGAIN") // EWOULDBLOCK is the same number
      .set(95, "EOPNOTSUPP") // libc's ENOTSUP is the same number
      .set(524, "ENOTSUPP"), // the kernel's own; no libc names it
);

/** The name of an error number, for example `EPERM` for 1. */
export function errnoName(errno: number): string {
  return names().get(errno) ?? `errno ${errno}`;
}

/** The error number of libc's last failed call. */
export function lastErrno(): number {
  return native().errno();
}

/**
 * Returns the result of a C function, or throws if it is a failure: libbpf returns the negative error number, libc
 * returns -1 and sets errno.
 * @param subject what was tried, for the message: `Cannot <subject>: EPERM`.
 * @throws BpfError
 */
export function check(operation: string, result: number, subject: string = `call ${operation}`): number {
  if (result >= 0) return result;
  const errno = result === -1 ? native().errno() : -result;
  const code = errnoName(errno);
  throw new BpfError(`Cannot ${subject}: ${code}${adviceOn(code)}`, operation, errno, code);
}

/** Returns a pointer, or throws if it is null. @throws BpfError */
export function checkPointer(operation: string, pointer: bigint | null, subject?: string): bigint {
  if (pointer) return pointer;
  check(operation, -native().errno() || -1, subject);
  throw new Error(`Cannot call ${operation}: no result and no error number`);
}
