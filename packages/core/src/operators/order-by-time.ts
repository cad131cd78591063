import { asyncScheduler, type MonoTypeOperatorFunction, type SchedulerLike } from "rxjs";

import { stage } from "./stage.js";
import { TimeOrder } from "./time-order.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** Options of `orderByTime`. */
export interface OrderOptions {
  /** The scheduler of its timers; RxJS's `asyncScheduler` by default. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** An event with a time. */
interface Timed {
  readonly time: number;
}

/**
 * Sorts events by their `time` that arrive a little out of order, from several processors or probes:
 * `merge(opensnoop(), execsnoop()).pipe(orderByTime(50))`. Each is held for at most `ms` milliseconds after it arrives.
 *
 * None is dropped. An event that arrives after later ones were emitted, or that has no time, is emitted at once. While
 * more than 65,536 are held, the earliest are emitted. All held events are emitted before the source's end or error.
 * @param options `time` returns when an event happened, in any unit, if that is not its `time`
 * @throws RangeError for milliseconds that are out of range; what `time` throws becomes the stream's error
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
