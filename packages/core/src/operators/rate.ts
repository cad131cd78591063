import { asyncScheduler, interval, type OperatorFunction, type SchedulerLike } from "rxjs";

import { intervalsOf } from "./gather.js";
import { stage } from "./stage.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** Options of `rate`. */
export interface RateOptions {
  /** Milliseconds from one number to the next; 1000 by default. */
  readonly every?: number | undefined;
  /** How many milliseconds a number covers, a multiple of `every`; `every` by default. */
  readonly window?: number | undefined;
  /** The scheduler of its timers; RxJS's `asyncScheduler` by default. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A timer is never exact. One that is late by less than this part of its interval counts as on time. */
const ON_TIME = 0.05;

/**
 * Emits events per second: a number after every interval, 0 if no event came. It is computed from the time that really
 * passed, which exceeds `every` if this process was too busy to run its timers. Events after the last whole interval
 * are in no number. With `window` a number covers the last that many milliseconds, or the time since the subscription
 * if that is shorter: `opensnoop().pipe(rate({ window: 10_000 }))`.
 * @throws RangeError for options that are out of range
 */
export function rate<T>({ every = 1000, window, scheduler = asyncScheduler }: RateOptions = {}): OperatorFunction<
  T,
  number
> {
  wholeNumber("every", every, 1, LONGEST_MS);
  const intervals = intervalsOf({ every, window: window ?? every });
  return stage((subscriber) => {
    /** The events and the length of the last intervals, the oldest first. */
    const before: { readonly count: number; readonly milliseconds: number }[] = [];
    let count = 0;
    let since = scheduler.now();
    subscriber.add(
      interval(every, scheduler).subscribe(() => {
        const now = scheduler.now();
        const late = now - since - every;
        const milliseconds = late > every * ON_TIME ? every + late : every;
        before.push({ count, milliseconds });
        if (before.length > intervals) before.shift();
        count = 0;
        since = now;
        const [events, time] = before.reduce(([e, t], one) => [e + one.count, t + one.milliseconds], [0, 0]);
        subscriber.next((events! * 1000) / time!);
      }),
    );
    return { next: () => void count++ };
  });
}
