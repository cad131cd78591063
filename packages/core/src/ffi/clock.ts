import { check } from "./errno.js";
import { libc } from "./libc.js";

/** Nanoseconds to add to CLOCK_MONOTONIC to get Unix time, measured now. */
export function monotonicToUnix(): bigint {
  const CLOCK_REALTIME = 0;
  const CLOCK_MONOTONIC = 1;
  const now = (clock: number): bigint => {
    const timespec = new BigInt64Array(2);
    check("clock_gettime", libc().clock_gettime(clock, timespec));
    return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
  };
  // Of a few tries the one with the shortest time between the two readings is the best.
  let best = { width: 1n << 62n, offset: 0n };
  for (let i = 0; i < 5; i++) {
    const before = now(CLOCK_MONOTONIC);
    const unix = now(CLOCK_REALTIME);
    const width = now(CLOCK_MONOTONIC) - before;
    if (width < best.width) best = { width, offset: unix - before - width / 2n };
  }
  return best.offset;
}
