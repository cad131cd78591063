import { eventTime } from "@rxbpf/core/events";

interface Timed {
  /** Unix milliseconds. */
  readonly time: number;
}

/** Seconds since the first event that it is called with. Columns are made anew for each table, and so is this. */
export function sinceFirst(): (event: Timed) => number {
  let first: number | undefined;
  return ({ time }) => (time - (first ??= time)) / 1000;
}

/** Seconds since now, when the table is made; or since the first event if that is older, as in a replay. */
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
