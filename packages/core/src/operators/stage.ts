import type { Observable, OperatorFunction, Subscriber } from "rxjs";

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
  return (source) => source.lift({ call: (subscriber: Subscriber<R>) => run(source, subscriber, begin) });
}

function run<T, R>(
  source: Observable<T>,
  subscriber: Subscriber<R>,
  begin: (subscriber: Subscriber<R>, source: Observable<T>) => Stage<T>,
): void {
  const fail = (error: unknown): void => {
    if (subscriber.closed) return;
    its.flush?.();
    subscriber.error(error);
  };
  const its = begin(subscriber, source);
  if (subscriber.closed) return;
  subscriber.add(
    source.subscribe({
      next(event) {
        if (subscriber.closed) return;
        try {
          its.next(event);
        } catch (error) {
          fail(error);
        }
      },
      error: fail,
      complete() {
        if (its.complete) return its.complete();
        its.flush?.();
        subscriber.complete();
      },
    }),
  );
}
