import { asyncScheduler, interval, type OperatorFunction, type SchedulerLike } from "rxjs";

import { stage } from "./stage.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** When an operator that gathers tells what it has. */
export interface GatherOptions {
  /** Milliseconds from one result to the next; 1000 if not given. */
  readonly every?: number | undefined;
  /** Starts anew after each result, instead of gathering since the subscription. */
  readonly perInterval?: boolean | undefined;
  /** What keeps the time; RxJS's `asyncScheduler` if not given. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** What gathers events, and the result so far. */
export interface Gatherer<T, R> {
  add(event: T): void;
  result(): R;
}

/**
 * Makes an operator that emits the result of a gatherer after every interval in which it changed, and before the end or
 * error of the source if it changed since, or never was emitted. Where it starts anew, the first interval
 * without an event is a change too: from something to nothing.
 */
export function gather<T, R>(
  { every = 1000, perInterval = false, scheduler = asyncScheduler }: GatherOptions,
  start: () => Gatherer<T, R>,
): OperatorFunction<T, R> {
  wholeNumber("every", every, 1, LONGEST_MS);
  return stage((subscriber) => {
    let gatherer = start();
    let emitted = false;
    /** Whether anything came since the last result, and between that and the one before. */
    let came = false;
    let cameBefore = false;
    const emit = (): void => {
      const result = gatherer.result();
      if (perInterval) gatherer = start();
      [emitted, cameBefore, came] = [true, came, false];
      subscriber.next(result);
    };
    subscriber.add(
      interval(every, scheduler).subscribe(() => {
        if (came || (perInterval && cameBefore)) emit();
      }),
    );
    return {
      next(event) {
        gatherer.add(event);
        came = true;
      },
      flush() {
        if (came || !emitted) emit();
      },
    };
  });
}
