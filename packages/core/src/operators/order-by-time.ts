import { asyncScheduler, type MonoTypeOperatorFunction, type SchedulerLike } from "rxjs";

import { stage } from "./stage.js";
import { TimeOrder } from "./time-order.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** How long events wait for earlier ones. */
export interface OrderOptions {
  /** What keeps the time; RxJS's `asyncScheduler` if not given. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** An event that says when it happened. */
interface Timed {
  readonly time: number;
}

/**
 * Puts events in the order of their `time` that come a little out of it, from several processors or probes:
 * `merge(opensnoop(), execsnoop()).pipe(orderByTime(50))`. Each is held for `ms` milliseconds at most after it came.
 *
 * None is dropped. One that comes after later ones were emitted, or has no time, is emitted at once, and so are the
 * earliest while more than 65,536 are held. What is held comes before the end or error of the source.
 * @param options `time` says when an event happened, where that is not its `time`; in any unit
 * @throws RangeError for milliseconds that are out of range; what `time` throws is the stream's error
 */
export function orderByTime<T extends Timed>(ms: number, options?: OrderOptions): MonoTypeOperatorFunction<T>;
export function orderByTime<T>(
  ms: number,
  options: OrderOptions & { readonly time: (event: T) => number },
): MonoTypeOperatorFunction<T>;
export function orderByTime<T>(
  ms: number,
  options: OrderOptions & { readonly time?: (event: T) => number } = {},
): MonoTypeOperatorFunction<T> {
  wholeNumber("ms", ms, 0, LONGEST_MS);
  const { scheduler = asyncScheduler, time = (event: T) => (event as T & Timed).time } = options;
  return stage((subscriber) => {
    const order = new TimeOrder<T>(ms, scheduler, subscriber, (event) => subscriber.next(event));
    return { next: (event) => order.add(event, time(event)), flush: () => order.flush() };
  });
}
