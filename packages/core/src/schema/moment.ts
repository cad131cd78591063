export const NS_PER_MS = 1_000_000n;

/** Unix nanoseconds as a row's Unix milliseconds: the nearest number. */
export function milliseconds(unixNs: bigint): number {
  return Number(unixNs / NS_PER_MS) + Number(unixNs % NS_PER_MS) / 1e6;
}
