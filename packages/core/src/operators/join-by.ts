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

/** The streams to join, by the name that their events get. */
export type Others = Readonly<Record<string, Observable<unknown>>>;

type EventIn<O> = O extends Observable<infer E> ? E : never;

/** An event with one of each other stream. */
export type Joined<T, O extends Others> = T & { readonly [Name in keyof O]: EventIn<O[Name]> | undefined };

/** How events are joined. */
export interface JoinOptions {
  /** Milliseconds that events wait for such of the other streams that happened before; 100 if not given. */
  readonly wait?: number | undefined;
  /** How many events of each other stream are kept; 8192 if not given. */
  readonly limit?: number | undefined;
  /** What keeps the time; RxJS's `asyncScheduler` if not given. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Gives each event the latest event with the same key of other streams: opens with the exec that made their process are
 * `opensnoop().pipe(joinBy({ exec: execsnoop() }, (e) => e.pid))`, whose events have an `exec`, undefined where there
 * was none. Of processes that run already when `execsnoop` is attached there is one too, with what /proc tells. The other streams are subscribed to first, for as long as the source is; an error of any
 * is the result's. Their losses are told to who takes the result, such as `exec: ring full`.
 *
 * What has a `time` is joined by it. As probes deliver independently of each other, events with one wait a little for
 * what happened before them, and come in its order; but for the earliest while more than 65,536 wait. Others are joined as they
 * come. Of a key the last 16 events are kept; beyond the limit, those of the key that was used least lately go.
 * @param options `otherKey` is the key of the others' events, where it is not found as that of the source's
 * @throws RangeError for options that are out of range; what `key` throws is the stream's error
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
        // Events of the others that are under way may be what the last ones wait for.
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
