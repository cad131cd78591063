import { asyncScheduler, filter, type Observable, type OperatorFunction, type SchedulerLike, take, tap } from "rxjs";

import { alongside } from "../stream/consumer.js";
import type { Status } from "../stream/source.js";
import { originOf } from "../stream/stream.js";
import { alreadyOf } from "./already.js";
import type { Key } from "./counts.js";
import { History } from "./history.js";
import { stage } from "./stage.js";
import { TimeOrder } from "./time-order.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** The streams to join, by the field that gets their event. */
export type Others = Readonly<Record<string, Observable<unknown>>>;

type EventIn<O> = O extends Observable<infer E> ? E : never;

/** An event, with one event of each other stream. */
export type Joined<T, O extends Others> = T & { readonly [Name in keyof O]: EventIn<O[Name]> | undefined };

/** Options of `joinBy`. */
export interface JoinOptions {
  /** Milliseconds that an event waits for earlier events of the other streams; 100 by default. */
  readonly wait?: number | undefined;
  /** How many events of each other stream are kept; 8192 by default. */
  readonly limit?: number | undefined;
  /** The scheduler of its timers; RxJS's `asyncScheduler` by default. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Adds to each event the latest event with the same key of other streams.
 * `opensnoop().pipe(joinBy({ exec: execsnoop() }, (e) => e.pid))` gives each open the exec of its process as `exec`,
 * undefined if there was none. Processes that run before `execsnoop` is attached have an exec too, made from /proc. The
 * other streams are subscribed to before the source and end with it; an error of any ends the result. Their losses are
 * reported to the consumer of the result, as `exec: ring full`.
 *
 * Events with a `time` are joined by it. As probes deliver independently of each other, such events wait a little for
 * earlier ones and are emitted in the order of their time; only while more than 65,536 wait, the earliest are emitted
 * sooner. Events without a `time` are joined as they come. The last 16 events of each key are kept; beyond the limit,
 * those of the least recently used key are dropped.
 * @param options `otherKey` returns the key of the other streams' events, if `key` does not
 * @throws RangeError for options that are out of range; what `key` throws becomes the stream's error
 */
export function joinBy<T extends object, O extends Others>(
  others: O,
  key: (event: T) => Key,
  options: JoinOptions & { readonly otherKey: (event: EventIn<O[keyof O]>) => Key },
): OperatorFunction<T, Joined<T, O>>;
export function joinBy<T extends object, O extends Others>(
  others: O,
  key: (event: T | EventIn<O[keyof O]>) => Key,
  options?: JoinOptions,
): OperatorFunction<T, Joined<T, O>>;
export function joinBy<T extends object, O extends Others>(
  others: O,
  key: (event: T) => Key,
  options: JoinOptions & { readonly otherKey?: (event: EventIn<O[keyof O]>) => Key } = {},
): OperatorFunction<T, Joined<T, O>> {
  const { wait = 100, limit = 8192, scheduler = asyncScheduler } = options;
  wholeNumber("wait", wait, 0, LONGEST_MS);
  wholeNumber("limit", limit, 1);
  const otherKey = (options.otherKey ?? key) as (event: unknown) => Key;

  return stage((subscriber) => {
    const tables = Object.keys(others).map((name) => ({ name, history: new History(limit) }));
    let waiting = 0;
    let ended = false;
    const order = new TimeOrder<{ event: T; by: Key }>(wait, scheduler, subscriber, ({ event, by }) => {
      const found: Record<string, unknown> = {};
      for (const { name, history } of tables) found[name] = history.at(by, timeOf(event));
      subscriber.next({ ...event, ...found } as Joined<T, O>);
      if (--waiting === 0 && ended) subscriber.complete();
    });
    const error = (error: unknown): void => {
      order.flush();
      subscriber.error(error);
    };
    for (const { name, history } of tables) {
      const other = others[name]!;
      const keep = tap((event: unknown) => history.add(otherKey(event), event, timeOf(event)));
      const kept = other.pipe(keep);
      const begin = originOf(other)?.status.pipe(
        filter(({ type }) => type === "attached"),
        take(1),
      );
      subscriber.add(begin?.subscribe(() => alreadyOf(other)?.pipe(keep).subscribe({ error })));
      const named = (status: Status): Status =>
        status.type === "lost" ? { ...status, reason: `${name}: ${status.reason}` } : status;
      subscriber.add(kept.subscribe(alongside(subscriber, { next() {}, error, complete() {} }, named)));
    }
    return {
      next(event) {
        const by = key(event);
        waiting++;
        order.add({ event, by }, timeOf(event));
      },
      flush: () => order.flush(),
      complete() {
        // The last events may wait for events of the other streams that are still under way.
        ended = true;
        if (waiting === 0) subscriber.complete();
      },
    };
  });
}

function timeOf(event: unknown): number {
  const time = (event as { readonly time?: unknown } | null | undefined)?.time;
  return typeof time === "number" ? time : NaN;
}
