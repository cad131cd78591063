import { asyncScheduler, interval, type OperatorFunction, type SchedulerLike } from "rxjs";

import { stage } from "./stage.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** When an operator that gathers tells what it has, and of which time. */
export interface GatherOptions {
  /** Milliseconds from one result to the next; 1000 if not given. */
  readonly every?: number | undefined;
  /** Starts anew after each result, instead of gathering since the subscription. */
  readonly perInterval?: boolean | undefined;
  /** Gathers what came in the last so many milliseconds, a multiple of `every`, instead of since the subscription. */
  readonly window?: number | undefined;
  /** What keeps the time; RxJS's `asyncScheduler` if not given. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** What gathers events, and the result so far: of the interval that goes on, and of those before it that are kept. */
export interface Gatherer<T, R> {
  add(event: T): void;
  /** @param time the moment that it is of, in Unix milliseconds */
  result(time: number): R;
  /** Begins an interval, and forgets the oldest where there are too many. Whether there was anything in that. */
  turn(): boolean;
}

/**
 * Makes an operator that emits the result of a gatherer after every interval in which it changed, and before the end or
 * error of the source if something came since, or it never was emitted. What is forgotten is a change too: so after
 * the last event's result one more comes that is empty.
 * @param start makes a gatherer that keeps so many intervals
 */
export function gather<T, R>(
  options: GatherOptions,
  start: (intervals: number) => Gatherer<T, R>,
): OperatorFunction<T, R> {
  const { every = 1000, scheduler = asyncScheduler } = options;
  const intervals = intervalsOf({ ...options, every: wholeNumber("every", every, 1, LONGEST_MS) });
  return stage((subscriber) => {
    const gatherer = start(intervals);
    let emitted = false;
    /** What changed since the last result. */
    let came = false;
    let forgotten = false;
    const emit = (): void => {
      [emitted, came, forgotten] = [true, false, false];
      subscriber.next(gatherer.result(scheduler.now()));
    };
    subscriber.add(
      interval(every, scheduler).subscribe(() => {
        if (came || forgotten) emit();
        forgotten = gatherer.turn();
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

/** Each interval of a window takes memory. */
const MOST_INTERVALS = 10_000;

/** How many intervals a result is of. @throws RangeError */
export function intervalsOf({ every = 1000, window, perInterval = false }: GatherOptions): number {
  if (window === undefined) return perInterval ? 1 : Infinity;
  if (perInterval) throw new RangeError("window and perInterval exclude each other");
  wholeNumber("window", window, 1, MOST_INTERVALS * every);
  if (window % every === 0) return window / every;
  throw new RangeError(`window takes a multiple of every, which is ${every}, not ${window}`);
}
