import { eventTime } from "@rxbpf/core/events";

interface Timed {
  /** Unix milliseconds. */
  readonly time: number;
}

/** Seconds from the first event that is asked about. A column uses it, and is made anew for each table. */
export function sinceFirst(): (event: Timed) => number {
  let first: number | undefined;
  return ({ time }) => (time - (first ??= time)) / 1000;
}

/** Seconds from now, the moment the table is made; from the first event where that is older, as in a replay. */
export function sinceNow(): (event: Timed) => number {
  let start = eventTime();
  return ({ time }) => {
    start = Math.min(start, time);
    return (time - start) / 1000;
  };
}

/** Local wall-clock time as HH:MM:SS. */
export function clockTime({ time }: Timed): string {
  return new Date(time).toTimeString().slice(0, 8);
}
