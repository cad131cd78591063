import { check } from "./errno.js";
import { libc } from "./libc.js";

const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;

/** CLOCK_BOOTTIME of this process's time namespace, in nanoseconds. */
export function boottime(): bigint {
  return now(CLOCK_BOOTTIME);
}

/** How far Unix time is ahead of that clock, and the largest error of that figure. */
export interface Difference {
  readonly ns: bigint;
  readonly withinNs: bigint;
}

export function boottimeToUnix(): Difference {
  // Of a few tries, the one with the least time between the two readings is the most exact.
  let best: Difference = { ns: 0n, withinNs: 1n << 62n };
  for (let i = 0; i < 5; i++) {
    const before = now(CLOCK_BOOTTIME);
    const unix = now(CLOCK_REALTIME);
    const withinNs = now(CLOCK_BOOTTIME) - before;
    if (withinNs < best.withinNs) best = { ns: unix - before - withinNs / 2n, withinNs };
  }
  return best;
}

function now(clock: number): bigint {
  const timespec = new BigInt64Array(2);
  check("clock_gettime", libc().clock_gettime(clock, timespec));
  return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
}
