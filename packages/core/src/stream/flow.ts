import { Observable, type Observer, type OperatorFunction, pipe, Subscriber, type Subscription } from "rxjs";

import { blame } from "./blame.js";
import { Iteration } from "./iteration.js";

/**
 * The result of a stream's `pipe`: an observable that a `for await` loop can read too, by the rules of `iterate`. A
 * `next` that throws ends its subscription, as it would throw again for the next event; its error is reported as RxJS
 * does.
 */
export class Flow<T> extends Observable<T> implements AsyncIterable<T, undefined> {
  /** The name of the stream that it was made from, if any. */
  get origin(): string | undefined {
    for (let at = this.source; at; at = at.source) if (at instanceof Flow) return at.origin;
    return undefined;
  }

  /** The events for a `for await` loop: see `iterate`. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new Iteration(this);
  }

  /** Applies operators one after another, as in RxJS. */
  override pipe(): this;
  override pipe<A>(op1: OperatorFunction<T, A>): Flow<A>;
  override pipe<A, B>(op1: OperatorFunction<T, A>, op2: OperatorFunction<A, B>): Flow<B>;
  override pipe<A, B, C>(
    op1: OperatorFunction<T, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
  ): Flow<C>;
  override pipe<A, B, C, D>(
    op1: OperatorFunction<T, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, D>,
  ): Flow<D>;
  override pipe<A, B, C, D, E>(
    op1: OperatorFunction<T, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, D>,
    op5: OperatorFunction<D, E>,
  ): Flow<E>;
  override pipe<A, B, C, D, E, F>(
    op1: OperatorFunction<T, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, D>,
    op5: OperatorFunction<D, E>,
    op6: OperatorFunction<E, F>,
  ): Flow<F>;
  override pipe<A, B, C, D, E, F, G>(
    op1: OperatorFunction<T, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, D>,
    op5: OperatorFunction<D, E>,
    op6: OperatorFunction<E, F>,
    op7: OperatorFunction<F, G>,
  ): Flow<G>;
  override pipe<A, B, C, D, E, F, G, H>(
    op1: OperatorFunction<T, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, D>,
    op5: OperatorFunction<D, E>,
    op6: OperatorFunction<E, F>,
    op7: OperatorFunction<F, G>,
    op8: OperatorFunction<G, H>,
  ): Flow<H>;
  override pipe<A, B, C, D, E, F, G, H, I>(
    op1: OperatorFunction<T, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, D>,
    op5: OperatorFunction<D, E>,
    op6: OperatorFunction<E, F>,
    op7: OperatorFunction<F, G>,
    op8: OperatorFunction<G, H>,
    op9: OperatorFunction<H, I>,
  ): Flow<I>;
  override pipe<A, B, C, D, E, F, G, H, I>(
    op1: OperatorFunction<T, A>,
    op2: OperatorFunction<A, B>,
    op3: OperatorFunction<B, C>,
    op4: OperatorFunction<C, D>,
    op5: OperatorFunction<D, E>,
    op6: OperatorFunction<E, F>,
    op7: OperatorFunction<F, G>,
    op8: OperatorFunction<G, H>,
    op9: OperatorFunction<H, I>,
    ...operations: OperatorFunction<never, unknown>[]
  ): Flow<unknown>;
  override pipe(...operations: OperatorFunction<never, unknown>[]): Observable<unknown> {
    if (operations.length === 0) return this;
    const result = pipe(...(operations as [OperatorFunction<T, unknown>]))(this);
    const flow = new Flow<unknown>();
    // RxJS 7 subscribes to an observable's source if it has one and no operator.
    flow.source = result;
    return flow;
  }

  /** Subscribes as in RxJS. An `observer` that throws ends its subscription; the error names the stream. */
  override subscribe(observer?: Partial<Observer<T>> | ((value: T) => void)): Subscription;
  /** @deprecated RxJS takes callbacks in one object only from version 8 on. */
  override subscribe(
    next?: ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription;
  override subscribe(
    observer?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // Operators, loops and sinks handle what they throw themselves.
    if (observer instanceof Subscriber) return super.subscribe(observer);
    if (typeof observer === "object" && observer !== null) return this.#subscribe(observer);
    return this.#subscribe({
      ...(observer && { next: observer }),
      ...(error && { error }),
      ...(complete && { complete }),
    });
  }

  #subscribe(observer: Partial<Observer<T>>): Subscription {
    let failed = false;
    let subscription: Subscription | undefined;
    const next = (event: T): void => {
      if (failed) return; // its source has delivered everything synchronously
      try {
        observer.next!(event);
      } catch (error) {
        failed = true;
        subscription?.unsubscribe();
        throw blame(error, this.origin);
      }
    };
    subscription = super.subscribe({
      ...(observer.next && { next }),
      error: (error: unknown) => {
        blame(error, this.origin);
        if (!observer.error) throw error;
        observer.error(error);
      },
      complete: () => observer.complete?.(),
    });
    if (failed) subscription.unsubscribe();
    return subscription;
  }
}
