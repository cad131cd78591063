import { type Observable, type Observer, Subscriber, type Subscription } from "rxjs";

import type { Run, Lost, Status } from "./source.js";

/** Callbacks of a consumer. */
export interface ConsumerEvents {
  /** Asks it to end in good order, as if its source had completed: it processes what has arrived, then completes. */
  end(): void;
  /** Asks it to wait only a few seconds more for a reader that does not read its output. */
  hurry?(): void;
  /** Receives the status of the streams that feed it: of its own subscriptions and no others. */
  status?(status: Status): void;
}

/** A running subscription, as its consumers see it. */
export interface Feed extends Pick<Run, "hold" | "release"> {
  /** Reports a loss to the observers of the stream's status. */
  report(lost: Lost): void;
}

/**
 * All consumers that have not finished, the oldest first. If the process ends before they do, what they hold is lost.
 */
export function consumers(): readonly Consumer[] {
  return [...all];
}

const all = new Set<Consumer>();

/**
 * Something that takes events and may still have some to process: a sink, a loop, a view. The streams that are
 * subscribed to on its behalf, through any operators and merges, report to it what they lose on the way, and it can
 * hold them.
 */
export class Consumer {
  readonly #events: ConsumerEvents;
  readonly #feeds = new Set<Feed>();
  #held = false;
  #done = false;

  /** The caller must call `done`. */
  constructor(events: ConsumerEvents) {
    this.#events = events;
    all.add(this);
  }

  /** Whether a stream feeds it. Only then does a hold have an effect, and only then does somebody report a loss. */
  get isFed(): boolean {
    return this.#feeds.size > 0;
  }

  /**
   * Subscribes to a source. An error that the observer throws is thrown to the source of the event.
   *
   * RxJS links the subscribers of a chain of operators, from the source's to the last. So a stream finds the consumer
   * that it is subscribed to for, whenever that happens. Where a link is missing, as in `share` or in an observable of
   * one's own, the stream takes the consumer that is subscribing at that moment; later consumers of such a shared
   * stream are told too. (If the first to subscribe to the shared stream is no consumer, later consumers are told only
   * if nobody else has subscribed to the stream outside of consumers.)
   */
  subscribe<E>(source: Observable<E>, observer: Observer<E>): Subscription {
    const taker = new Taker(observer, this);
    this.during(() => source.subscribe(taker));
    if (!taker.closed && !this.isFed) this.#join(source);
    return taker;
  }

  /** Runs an action. Streams that the action subscribes to are for this consumer. */
  during<T>(action: () => T): T {
    return duringSubscription(this, action);
  }

  /**
   * Stops delivery to it until `release`. Meanwhile events wait in the kernel's rings; once those are full, further
   * events are counted as lost.
   */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    for (const feed of this.#feeds) feed.hold();
  }

  /** Resumes delivery after `hold`. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const feed of this.#feeds) feed.release();
  }

  /** Reports a loss on the way from the stream that feeds it, as a loss of that stream; of several, the oldest. */
  report(lost: Lost): void {
    for (const feed of this.#feeds) return feed.report(lost);
  }

  /** Ends the consumer in good order, as if its source had completed. */
  end(): void {
    this.#events.end();
  }

  /** Tells it that it will be ended soon, so that it does not wait long for a reader that does not read. */
  hurry(): void {
    this.#events.hurry?.();
  }

  /** To be called once it has processed everything. */
  done(): void {
    this.release();
    this.#done = true;
    all.delete(this);
  }

  /** Adds a stream's subscription that feeds it from now on. */
  add(feed: Feed): void {
    if (this.#feeds.has(feed)) return;
    this.#feeds.add(feed);
    if (this.#held) feed.hold();
  }

  /** Removes a stream's subscription that has ended. */
  remove(feed: Feed): void {
    this.#feeds.delete(feed);
  }

  /** Passes on the status of a stream, until the consumer is done. */
  tell(status: Status): void {
    if (!this.#done) this.#events.status?.(status);
  }

  /** Joins the audience of the stream that `source` was made from, if that stream is shared. */
  #join(source: Observable<unknown>): void {
    for (let at: Observable<unknown> | undefined = source; at; at = at.source) {
      const loose = [...(unlinked.get(at) ?? [])];
      const shared = loose.filter(({ isFor }) => isFor instanceof Consumer);
      if (shared.length > 0) for (const one of shared) one.join(this);
      else if (loose.length === 1) loose[0]!.join(this);
    }
  }
}

/** A subscription to a stream whose chain leads to no consumer. It may be shared. */
interface Unlinked {
  /** The consumer that was subscribing at that moment. */
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

/** What receives a stream's status and may hold it: a consumer, or a stand-in for one. */
export type Audience = Pick<Consumer, "add" | "remove" | "tell">;

/**
 * Makes a subscriber for an additional source on behalf of `subscriber`, for an operator that subscribes to more than
 * its own source. `change` is applied to the status of the additional source.
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

/** The audience that a subscriber takes events for, as far as can be told; `linked` if its chain leads there. */
function audienceOf(subscriber: Subscriber<unknown>): { audience: Audience | undefined; linked: boolean } {
  // `destination` is how RxJS 7 links the subscriber of an operator to the next.
  for (let at: unknown = subscriber; at instanceof Subscriber; at = at["destination"])
    if (at instanceof Taker) return { audience: at.audience, linked: true };
  return { audience: subscribing, linked: false };
}

/** All audiences that one subscription to a stream feeds. */
export class Audiences {
  readonly #feed: Feed;
  readonly #all = new Set<Audience>();
  readonly #leave: () => void = () => {};

  /** @param subscriber undefined if the audience that is subscribing now takes the stream's batches as they are */
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

  /** To be called when the subscription has ended. */
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
