import { type Observable, type OperatorFunction, Subscriber } from "rxjs";

/** What an operator does with one subscription. What it throws is the stream's error. */
export interface Stage<T> {
  next(event: T): void;
  /** Hands on what is left, before the error or the end of the source is passed on. */
  flush?(): void;
  /** Takes the place of handing on what is left and passing on the end of the source. */
  complete?(): void;
}

/**
 * Makes an operator that `originOf` sees through, as it does through RxJS's own.
 * @param begin starts a stage for a subscriber; what it adds to the subscriber ends with it
 */
export function stage<T, R>(
  begin: (subscriber: Subscriber<R>, source: Observable<T>) => Stage<T>,
): OperatorFunction<T, R> {
  // `lift` links the result to its source, for which RxJS 7 has no other way.
  return (source) =>
    source.lift({
      call(subscriber: Subscriber<R>) {
        const its = begin(subscriber, source);
        if (!subscriber.closed) source.subscribe(new StageSubscriber(subscriber, its));
      },
    });
}

/** Linked to the subscriber after it, as RxJS's operators' are: so a stream finds for whom it is subscribed to. */
class StageSubscriber<T> extends Subscriber<T> {
  readonly #next: Subscriber<unknown>;
  readonly #stage: Stage<T>;

  constructor(next: Subscriber<unknown>, stage: Stage<T>) {
    super(next);
    this.#next = next;
    this.#stage = stage;
  }

  protected override _next(event: T): void {
    try {
      this.#stage.next(event);
    } catch (error) {
      this.error(error);
    }
  }

  protected override _error(error: unknown): void {
    try {
      if (this.#next.closed) return;
      this.#stage.flush?.();
      this.#next.error(error);
    } finally {
      this.unsubscribe();
    }
  }

  protected override _complete(): void {
    try {
      if (this.#stage.complete) return this.#stage.complete();
      this.#stage.flush?.();
      this.#next.complete();
    } finally {
      this.unsubscribe();
    }
  }
}
