import { asyncScheduler, interval, type OperatorFunction, type SchedulerLike } from "rxjs";

import { intervalsOf } from "./gather.js";
import { stage } from "./stage.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** How often a rate is told. */
export interface RateOptions {
  /** Milliseconds from one number to the next; 1000 if not given. */
  readonly every?: number | undefined;
  /** Of how many milliseconds a number is, a multiple of `every`; as many if not given. */
  readonly window?: number | undefined;
  /** What keeps the time; RxJS's `asyncScheduler` if not given. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A timer is never exact. One that is late by less than this part of its interval was on time. */
const ON_TIME = 0.05;

/**
 * Events a second: a number after every interval, 0 where none came. It is of the time that passed in truth, which is
 * more than `every` where this process was too busy to look at its timers. What came after the last whole
 * interval is in no number. With `window` a number is of the last so many milliseconds, or of the time since the
 * subscription where that is shorter: `opensnoop().pipe(rate({ window: 10_000 }))`.
 * @throws RangeError for options that are out of range
 */
export function rate<T>({ every = 1000, window, scheduler = asyncScheduler }: RateOptions = {}): OperatorFunction<
  T,
  number
> {
  wholeNumber("every", every, 1, LONGEST_MS);
  const intervals = intervalsOf({ every, window: window ?? every });
  return stage((subscriber) => {
    /** Of the last intervals, the oldest first: how many events came, and how long it was. */
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
