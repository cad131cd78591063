import { type Observable, Subscription } from "rxjs";

import type { Consumer } from "./consumer.js";
import type { Batch, Receiver } from "./source.js";
import { EventStream } from "./stream.js";

/** Takes what a source delivers to a consumer. Nothing follows `complete` or `error`. */
export interface Feeder<E> {
  /** Events of a stream itself, in batches as its source delivers them. */
  batch(batch: Batch<E>): void;
  /** One event of any other observable. */
  next(event: E): void;
  /** The source has delivered everything. */
  complete(): void;
  /** The source has failed. */
  error(error: unknown): void;
}

/**
 * Subscribes to a source on a consumer's behalf. A stream's own events come in batches, so the consumer makes only the
 * objects that it needs. Unsubscribing ends the source at once.
 */
export function feed<E>(consumer: Consumer, source: Observable<E>, feeder: Feeder<E>): Subscription {
  if (!(source instanceof EventStream)) return consumer.subscribe(source, feeder);
  const subscription = new Subscription();
  try {
    const receiver: Receiver<E> = {
      batch: (batch) => feeder.batch(batch),
      // The consumer itself receives the status.
      status: () => {},
      complete: () => feeder.complete(),
      error: (error) => feeder.error(error),
    };
    const run = consumer.during(() => source.connect(receiver));
    subscription.add(() => run.close());
  } catch (error) {
    feeder.error(error);
  }
  return subscription;
}
