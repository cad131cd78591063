import { monotonicToUnix } from "./ffi/clock.js";

let offset: bigint | undefined;

/**
 * Nanoseconds from CLOCK_MONOTONIC, which the kernel stamps events with, to Unix time.
 * Measured once in a process, so that events of all its streams compare exactly; a
 * later change of the machine's clock, or a suspend, is not followed.
 */
export function unixOffsetNs(): bigint {
  return (offset ??= monotonicToUnix());
}
