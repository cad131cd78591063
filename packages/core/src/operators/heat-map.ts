import { asyncScheduler, interval, type OperatorFunction, type SchedulerLike } from "rxjs";

import { HeatMap } from "../values/heat-map.js";
import { stage } from "./stage.js";
import { Tally } from "./tally.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** Options of `heatMap`. */
export interface HeatMapOptions {
  /** Milliseconds that a column covers; 1000 by default. */
  readonly every?: number | undefined;
  /** The scheduler of its timers; RxJS's `asyncScheduler` by default. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Counts values over time, in buckets of powers of two: `tcplife().pipe(heatMap((e) => e.durationNs))`. Emits a
 * `HeatMap` every second, with a column more, also if no value came; and one before the source ends or fails, if values
 * came since. Values are counted as `histogram` does, and those that have no bucket are left out.
 * @throws RangeError for options that are out of range; what `value` throws becomes the stream's error
 */
export function heatMap<T>(
  value: (event: T) => number | bigint | undefined,
  { every = 1000, scheduler = asyncScheduler }: HeatMapOptions = {},
): OperatorFunction<T, HeatMap> {
  wholeNumber("every", every, 1, LONGEST_MS);
  return stage((subscriber) => {
    let map = new HeatMap();
    let tally = new Tally();
    const emit = (): void => {
      map = map.with(scheduler.now(), tally.histogram());
      tally = new Tally();
      subscriber.next(map);
    };
    subscriber.add(interval(every, scheduler).subscribe(emit));
    return {
      next: (event) => tally.add(value(event)),
      flush() {
        if (tally.count > 0) emit();
      },
    };
  });
}
