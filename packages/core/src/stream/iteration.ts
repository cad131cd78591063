import { type Observable, Subscription } from "rxjs";

import { eventTime } from "../clock.js";
import { Consumer } from "./consumer.js";

/** The default limit on events that wait for a loop: a few batches. */
export const WAITING = 16_384;

interface Failure {
  readonly error: unknown;
}

interface Waiting<E> {
  resolve(result: IteratorResult<E, undefined>): void;
  reject(error: unknown): void;
}

const DONE = { value: undefined, done: true } as const;

/** One `for await` loop over an observable. It subscribes at the first request for an event. */
export class Iteration<E> implements AsyncIterator<E, undefined> {
  readonly #observable: Observable<E>;
  readonly #limit: number;
  readonly #subscription = new Subscription();
  readonly #waiting: Waiting<E>[] = [];
  /** Waiting events: those of `#first` from `#next` on, then those of `#then`. */
  #first: E[] = [];
  #next = 0;
  #then: E[] = [];
  #failure: Failure | undefined;
  /** Set when the loop begins, until no event waits and none will come. */
  #consumer: Consumer | undefined;
  #begun = false;
  #dropped = 0;
  #reported = 0;

  constructor(observable: Observable<E>, limit: number = WAITING) {
    this.#observable = observable;
    this.#limit = limit;
  }

  next(): Promise<IteratorResult<E, undefined>> {
    this.#begin();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<E, undefined>> {
    this.#begun = true;
    this.#failure = undefined;
    this.#first = [];
    this.#then = [];
    this.#next = 0;
    this.#end();
    return Promise.resolve(DONE);
  }

  get #size(): number {
    return this.#first.length - this.#next + this.#then.length;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#consumer = new Consumer({ end: () => this.#end() });
    const end = this.#consumer.subscribe(this.#observable, {
      next: (event) => this.#take(event),
      error: (error: unknown) => this.#end({ error }),
      complete: () => this.#end(),
    });
    this.#subscription.add(end);
  }

  #take(event: E): void {
    if (this.#subscription.closed) return;
    if (this.#size >= this.#limit) return this.#drop();
    this.#then.push(event);
    if (this.#waiting.length > 0) this.#serve();
    else if (this.#size >= this.#limit / 2) this.#consumer!.hold();
  }

  /** Hands waiting events to pending requests. */
  #serve(): void {
    while (this.#waiting.length > 0 && this.#size > 0)
      this.#waiting.shift()!.resolve({ value: this.#shift(), done: false });
    if (this.#size <= this.#limit / 4) this.#consumer?.release();
    if (!this.#subscription.closed || this.#size > 0) return;
    this.#consumer?.done();
    for (const waiting of this.#waiting.splice(0)) {
      if (this.#failure) waiting.reject(this.#failure.error);
      else waiting.resolve(DONE);
      this.#failure = undefined;
    }
  }

  #shift(): E {
    if (this.#next === this.#first.length) {
      [this.#first, this.#then] = [this.#then, []];
      this.#next = 0;
    }
    return this.#first[this.#next++]!;
  }

  /** Counts events that have no room. If no stream could report that, the loop ends with an error. */
  #drop(): void {
    if (!this.#consumer!.isFed) {
      const message = `Cannot keep up with the events: ${this.#limit} wait for the loop; raise the limit, or do less in the loop`;
      return this.#end({ error: new Error(message) });
    }
    if (this.#dropped++ === this.#reported) queueMicrotask(() => this.#report());
  }

  #report(): void {
    const count = this.#dropped - this.#reported;
    if (count === 0) return;
    this.#reported = this.#dropped;
    this.#consumer!.report({ type: "lost", time: eventTime(), count, total: this.#dropped, reason: "buffer full" });
  }

  #end(failure?: Failure): void {
    if (this.#dropped > this.#reported) this.#report();
    if (!this.#subscription.closed) this.#failure = failure;
    this.#subscription.unsubscribe();
    this.#consumer?.release();
    this.#serve();
  }
}
