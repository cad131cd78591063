import { type Observable, type OperatorFunction, Subscriber } from "rxjs";

/** An operator's part in one subscription. What it throws becomes the stream's error. */
export interface Stage<T> {
  next(event: T): void;
  /** Emits what is left, before the source's end or error is passed on. */
  flush?(): void;
  /** Handles the end of the source itself, instead of `flush` and passing the end on. */
  complete?(): void;
}

/**
 * Makes an operator that `originOf` sees through, as it does through RxJS's own.
 * @param begin starts a stage for a subscriber; what it adds to the subscriber is torn down with it
 */
export function stage<T, R>(
  begin: (subscriber: Subscriber<R>, source: Observable<T>) => Stage<T>,
): OperatorFunction<T, R> {
  // RxJS 7 links a result to its source only by `lift`.
  return (source) =>
    source.lift({
      call(subscriber: Subscriber<R>) {
        const its = begin(subscriber, source);
        if (!subscriber.closed) source.subscribe(new StageSubscriber(subscriber, its));
      },
    });
}

/** Linked to the next subscriber, as the subscribers of RxJS's operators are, so that a stream finds its consumer. */
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
