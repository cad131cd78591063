import { asyncScheduler, interval, type OperatorFunction, type SchedulerLike } from "rxjs";

import { stage } from "./stage.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

export interface RateOptions {
  /** Milliseconds from one number to the next; 1000 if not given. */
  readonly every?: number | undefined;
  /** What keeps the time; RxJS's `asyncScheduler` if not given. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A timer is never exact. One that is late by less than this part of its interval was on time. */
const ON_TIME = 0.05;

/**
 * Events a second: a number after every interval, 0 where none came. It is of the time that passed in truth, which is
 * more than `every` where this process was too busy to look at its timers. What came after the last whole
 * interval is in no number.
 * @throws RangeError for an interval that is out of range
 */
export function rate<T>({ every = 1000, scheduler = asyncScheduler }: RateOptions = {}): OperatorFunction<T, number> {
  wholeNumber("every", every, 1, LONGEST_MS);
  return stage((subscriber) => {
    let count = 0;
    let since = scheduler.now();
    subscriber.add(
      interval(every, scheduler).subscribe(() => {
        const now = scheduler.now();
        const late = now - since - every;
        const milliseconds = late > every * ON_TIME ? every + late : every;
        const perSecond = (count * 1000) / milliseconds;
        count = 0;
        since = now;
        subscriber.next(perSecond);
      }),
    );
    return { next: () => void count++ };
  });
}
