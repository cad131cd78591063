import { type Observable, type Observer, Subscriber, type Subscription } from "rxjs";

import type { Run, Lost, Status } from "./source.js";

/** What a consumer is asked and told. */
export interface ConsumerEvents {
  /** Ends it in good order, as if its source had completed: it deals with what has come, then completes. */
  end(): void;
  /** From now on waits no longer than some seconds for who takes nothing of what it gives. */
  hurry?(): void;
  /** What the streams that it takes events of say about themselves: of its own subscriptions, and of no others. */
  status?(status: Status): void;
}

/** A running subscription, as those see it who take its events. */
export interface Feed extends Pick<Run, "hold" | "release"> {
  /** Tells those who watch the stream. */
  report(lost: Lost): void;
}

/** Those that there are now, the oldest first. A process that ends before they have loses what they hold. */
export function consumers(): readonly Consumer[] {
  return [...all];
}

const all = new Set<Consumer>();

/**
 * What takes events and may not have dealt with all of them: a sink, a loop, a view. The streams that are subscribed to on
 * its behalf, by way of any operators, merges included, tell it what they lose on the way to it, and it can hold them.
 */
export class Consumer {
  readonly #events: ConsumerEvents;
  readonly #feeds = new Set<Feed>();
  #held = false;
  #done = false;

  /** The caller calls `done`. */
  constructor(events: ConsumerEvents) {
    this.#events = events;
    all.add(this);
  }

  /** Whether a stream feeds it, so that a hold has an effect and a loss is told by somebody. */
  get isFed(): boolean {
    return this.#feeds.size > 0;
  }

  /**
   * Subscribes to a source. What the observer throws is thrown where the event came from.
   *
   * RxJS links the subscribers of a chain of operators, from the source's to the last; so a stream finds for whom it is
   * subscribed to, whenever that happens. Where a link is missing, as in `share` or in an observable of one's own, it is for
   * the consumer that is subscribing at that moment; of a stream that is shared so, later consumers are told too. (If who shares
   * it first is no consumer, they are told only where nobody else subscribed to the stream outside of consumers.)
   */
  subscribe<E>(source: Observable<E>, observer: Observer<E>): Subscription {
    const taker = new Taker(observer, this);
    this.during(() => source.subscribe(taker));
    if (!taker.closed && !this.isFed) this.#join(source);
    return taker;
  }

  /** Does what may subscribe to streams on its behalf. */
  during<T>(action: () => T): T {
    return duringSubscription(this, action);
  }

  /** Stops delivery to it until `release`: events wait in the kernel's rings, and are counted as lost once those are full. */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    for (const feed of this.#feeds) feed.hold();
  }

  /** Lets them deliver again, after `hold`. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const feed of this.#feeds) feed.release();
  }

  /** Tells those who watch the stream that feeds it, the oldest of several, of a loss on the way from there. */
  report(lost: Lost): void {
    for (const feed of this.#feeds) return feed.report(lost);
  }

  /** Ends the consumer in good order, as if its source had completed. */
  end(): void {
    this.#events.end();
  }

  /** Says that there is no time for a reader that does not read: it is soon to be ended. */
  hurry(): void {
    this.#events.hurry?.();
  }

  /** It has dealt with everything. */
  done(): void {
    this.release();
    this.#done = true;
    all.delete(this);
  }

  /** A stream feeds it from now on. */
  add(feed: Feed): void {
    if (this.#feeds.has(feed)) return;
    this.#feeds.add(feed);
    if (this.#held) feed.hold();
  }

  /** A stream's subscription has ended. */
  remove(feed: Feed): void {
    this.#feeds.delete(feed);
  }

  /** Passes on what a stream says of itself, until the consumer is done. */
  tell(status: Status): void {
    if (!this.#done) this.#events.status?.(status);
  }

  /** Joins those whom a stream feeds that `source` was made from, where it is shared. */
  #join(source: Observable<unknown>): void {
    for (let at: Observable<unknown> | undefined = source; at; at = at.source) {
      const loose = [...(unlinked.get(at) ?? [])];
      const shared = loose.filter(({ isFor }) => isFor instanceof Consumer);
      if (shared.length > 0) for (const one of shared) one.join(this);
      else if (loose.length === 1) loose[0]!.join(this);
    }
  }
}

/** A subscription to a stream that may be shared: its chain leads to no consumer. */
interface Unlinked {
  /** Who was subscribing at that moment. */
  readonly isFor: Audience | undefined;
  join(consumer: Consumer): void;
}

const unlinked = new WeakMap<Observable<unknown>, Set<Unlinked>>();

let subscribing: Consumer | undefined;

function duringSubscription<T>(consumer: Consumer, action: () => T): T {
  const before = subscribing;
  subscribing = consumer;
  try {
    return action();
  } finally {
    subscribing = before;
  }
}

/** The end of a chain of operators, at a consumer. */
class Taker<E> extends Subscriber<E> {
  readonly audience: Audience;

  constructor(observer: Observer<E>, audience: Audience) {
    super(observer);
    this.audience = audience;
  }
}

/** Who is told, and may hold: a consumer, or a stand-in for one. */
export type Audience = Pick<Consumer, "add" | "remove" | "tell">;

/**
 * A subscriber for a further source of whatever `subscriber` belongs to: for an operator that subscribes to more than its
 * own source. `change` is made of what that source says of itself.
 */
export function alongside<E>(
  subscriber: Subscriber<unknown>,
  observer: Observer<E>,
  change: (status: Status) => Status,
): Subscriber<E> {
  const { audience } = audienceOf(subscriber);
  if (!audience) return new Subscriber(observer);
  return new Taker(observer, {
    add: (feed) => audience.add(feed),
    remove: (feed) => audience.remove(feed),
    tell: (status) => audience.tell(change(status)),
  });
}

/** For whom a subscriber takes events, as far as can be told; `linked` where its chain leads there. */
function audienceOf(subscriber: Subscriber<unknown>): { audience: Audience | undefined; linked: boolean } {
  // `destination` is how RxJS 7 links the subscriber of an operator to the next.
  for (let at: unknown = subscriber; at instanceof Subscriber; at = at["destination"])
    if (at instanceof Taker) return { audience: at.audience, linked: true };
  return { audience: subscribing, linked: false };
}

/** Those whom one subscription of a stream feeds. */
export class Audiences {
  readonly #feed: Feed;
  readonly #all = new Set<Audience>();
  readonly #leave: () => void = () => {};

  /** @param subscriber undefined where the stream's batches are taken as they are, by who is subscribing now */
  constructor(stream: Observable<unknown>, feed: Feed, subscriber: Subscriber<unknown> | undefined) {
    this.#feed = feed;
    const { audience, linked } = subscriber ? audienceOf(subscriber) : { audience: subscribing, linked: true };
    if (audience) this.#add(audience);
    if (linked) return;
    const others = unlinked.get(stream) ?? new Set();
    unlinked.set(stream, others);
    const one: Unlinked = { isFor: audience, join: (consumer) => this.#add(consumer) };
    others.add(one);
    this.#leave = () => void others.delete(one);
  }

  tell(status: Status): void {
    for (const audience of [...this.#all]) audience.tell(status);
  }

  /** The subscription has ended. */
  end(): void {
    this.#leave();
    for (const audience of this.#all) audience.remove(this.#feed);
    this.#all.clear();
  }

  #add(audience: Audience): void {
    this.#all.add(audience);
    audience.add(this.#feed);
  }
}
