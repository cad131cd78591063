import { asyncScheduler, interval, type OperatorFunction, type SchedulerLike } from "rxjs";

import { stage } from "./stage.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** Options of operators that gather events: when they emit results, and which time a result covers. */
export interface GatherOptions {
  /** Milliseconds from one result to the next; 1000 by default. */
  readonly every?: number | undefined;
  /** Whether to start anew after each result, instead of gathering since the subscription. */
  readonly perInterval?: boolean | undefined;
  /**
   * A sliding window: gathers over the last that many milliseconds, a multiple of `every`, instead of since the
   * subscription.
   */
  readonly window?: number | undefined;
  /** The scheduler of its timers; RxJS's `asyncScheduler` by default. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Gathers events. Its result covers the current interval and the earlier intervals that it keeps. */
export interface Gatherer<T, R> {
  add(event: T): void;
  /** @param time when the result is taken, in Unix milliseconds */
  result(time: number): R;
  /**
   * Begins an interval, and forgets the oldest if there are too many. Returns whether the forgotten one had any events.
   */
  turn(): boolean;
}

/**
 * Makes an operator that emits a gatherer's result after every interval in which it changed. Before the source ends or
 * fails it emits once more, if events came since or if there has been no result yet. Forgetting events is a change too:
 * with a window, an empty result follows once the last event is forgotten.
 * @param start makes a gatherer that keeps the given number of intervals
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
    /** What has changed since the last result. */
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

/** How many intervals a result covers. @throws RangeError */
export function intervalsOf({ every = 1000, window, perInterval = false }: GatherOptions): number {
  if (window === undefined) return perInterval ? 1 : Infinity;
  if (perInterval) throw new RangeError("Cannot use window and perInterval together; give one of them");
  wholeNumber("window", window, 1, MOST_INTERVALS * every);
  if (window % every === 0) return window / every;
  throw new RangeError(`window takes a multiple of every, which is ${every}, not ${window}`);
}
