import {
  asyncScheduler,
  map,
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
  type Subscription,
} from "rxjs";

import { originOf } from "../stream.js";
import type { Key } from "./counts.js";
import { stage } from "./stage.js";
import { TimeOrder } from "./time-order.js";
import { LONGEST_MS, wholeNumber } from "./whole-number.js";

/** The streams to join, by the name that their events get. */
export type Others = Readonly<Record<string, Observable<unknown>>>;

type EventIn<O> = O extends Observable<infer E> ? E : never;

/** An event with the latest one of each other stream. */
export type Joined<T, O extends Others> = T & { readonly [Name in keyof O]: EventIn<O[Name]> | undefined };

export interface JoinOptions {
  /** Milliseconds that events wait for such of the other streams that happened before; 100 if not given. */
  readonly wait?: number | undefined;
  /** Of how many keys the latest event is kept, for each other stream; 8192 if not given. */
  readonly limit?: number | undefined;
  /** What keeps the time; RxJS's `asyncScheduler` if not given. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Gives each event the latest event with the same key of other streams: opens with the exec that made their process are
 * `opensnoop().pipe(joinBy({ exec: execsnoop() }, (e) => e.pid))`, whose events have an `exec`, undefined where there
 * was none. The other streams are subscribed to first, for as long as the source is; an error of any
 * is the result's. Their losses appear in the status of the stream that the source was made from, such as `exec: ring full`.
 *
 * Probes deliver independently of each other, so events that have a `time` wait a little and are joined in its order;
 * those without one are joined as they come, and so are the earliest while more than 65,536 wait. Where there are more keys
 * than the limit, the one that was used least lately is forgotten.
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

  return stage((subscriber, source) => {
    const order = new TimeOrder<() => void>(wait, scheduler, subscriber, (act) => act());
    const tables = Object.keys(others).map((name) => ({ name, latest: new Latest(limit) }));
    /** Events of the source that wait. */
    let waiting = 0;
    let ended = false;
    const join = (event: T, by: Key): void => {
      const found: Record<string, unknown> = {};
      for (const { name, latest } of tables) found[name] = latest.get(by);
      subscriber.next({ ...event, ...found } as Joined<T, O>);
      if (--waiting === 0 && ended) subscriber.complete();
    };
    const error = (error: unknown): void => {
      order.flush();
      subscriber.error(error);
    };
    for (const { name, latest } of tables) {
      const other = others[name]!;
      const next = ({ event, by }: { event: unknown; by: Key }): void =>
        order.add(() => latest.set(by, event), timeOf(event));
      subscriber.add(passLosses(name, other, source));
      subscriber.add(other.pipe(map((event) => ({ event, by: otherKey(event) }))).subscribe({ next, error }));
    }
    return {
      next(event) {
        const by = key(event);
        waiting++;
        order.add(() => join(event, by), timeOf(event));
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

/** The latest event of each key, for those keys that were used last. */
class Latest {
  readonly #limit: number;
  /** The least lately used first. */
  readonly #events = new Map<Key, unknown>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: Key): unknown {
    if (!this.#events.has(key)) return undefined;
    const event = this.#events.get(key);
    this.set(key, event);
    return event;
  }

  set(key: Key, event: unknown): void {
    this.#events.delete(key);
    this.#events.set(key, event);
    if (this.#events.size > this.#limit) this.#events.delete(this.#events.keys().next().value!);
  }
}

function timeOf(event: unknown): number {
  const time = (event as { readonly time?: unknown } | null | undefined)?.time;
  return typeof time === "number" ? time : NaN;
}

/** Reports the losses of another stream where those of the source are seen. */
function passLosses(name: string, other: Observable<unknown>, source: Observable<unknown>): Subscription | undefined {
  const [from, to] = [originOf(other), originOf(source)];
  if (!from || !to || from === to) return undefined;
  let passing = false; // two streams may be joined with each other
  return from.losses.subscribe((lost) => {
    if (passing) return;
    passing = true;
    to.report({ ...lost, reason: `${name}: ${lost.reason}` });
    passing = false;
  });
}
