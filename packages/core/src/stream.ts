import {
  filter,
  from,
  Observable,
  type ObservableInput,
  Subject,
  type Subscriber,
  take,
  type TeardownLogic,
} from "rxjs";

import { Run } from "./attachments.js";
import { Iteration } from "./iteration.js";
import { printable } from "./text/printable.js";
import type { Connection, Lost, Receiver, Source, Status, StreamInfo } from "./source.js";

/** What streams made from each other by `until` have in common. */
interface Shared {
  readonly status: Subject<Status>;
  readonly connections: Set<Connection>;
  holds: number;
}

/**
 * A cold stream of typed events. Subscribing starts its source (for a probe: loads and
 * attaches its programs), unsubscribing ends it at once and frees everything; each
 * subscription has a source of its own.
 */
export class EventStream<E> extends Observable<E> {
  readonly info: StreamInfo;
  /** Attachment, losses and notices of all subscriptions to this stream, as they come. Does not complete. */
  readonly status: Observable<Status>;
  /** The losses alone. */
  readonly losses: Observable<Lost>;
  readonly #source: Source<E>;
  readonly #shared: Shared;

  constructor(
    info: StreamInfo,
    source: Source<E>,
    shared: Shared = { status: new Subject(), connections: new Set(), holds: 0 },
  ) {
    super(function (this: Observable<E>, subscriber: Subscriber<E>): TeardownLogic {
      return (this as EventStream<E>).#subscribe(subscriber);
    });
    this.info = info;
    this.#source = source;
    this.#shared = shared;
    this.status = shared.status.asObservable();
    this.losses = this.status.pipe(filter((status) => status.type === "lost"));
  }

  /**
   * The same stream, ended in good order when `notifier` emits, which is subscribed to once the programs are
   * attached, and so may start what is to be traced. Then the programs are detached, what
   * they had seen is delivered, then it completes. (`takeUntil` would drop what is under way.)
   */
  until(notifier: ObservableInput<unknown>): EventStream<E> {
    return new EventStream(this.info, stopOn(this.#source, notifier), this.#shared);
  }

  /** The same stream with what `change` makes of each event; where that is undefined the event is left out. */
  refine<R>(info: StreamInfo, change: (event: E) => R | undefined): EventStream<R> {
    return new EventStream(info, refine(this.#source, change), this.#shared);
  }

  /**
   * Stops delivery of this stream until the function that it returns is called. For a sink that
   * cannot keep up: events wait in the kernel's ring, and are counted as lost once that is full.
   */
  hold(): () => void {
    const shared = this.#shared;
    if (shared.holds++ === 0) for (const connection of shared.connections) connection.hold();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--shared.holds === 0) for (const connection of shared.connections) connection.release();
    };
  }

  /** Tells who watches the status of a loss on the way from this stream to a consumer, as in a buffer that is full. */
  report(lost: Lost): void {
    this.#shared.status.next(lost);
  }

  /** The events for a `for await` loop: see `iterate`. */
  [Symbol.asyncIterator](): AsyncIterator<E, undefined> {
    return new Iteration(this, this);
  }

  /**
   * Starts the source and hands its batches over as they are, for a receiver that does not need
   * an object for each event. The caller closes the connection.
   * @throws where the source cannot start
   */
  connect(receiver: Receiver<E>): Connection {
    const { status, connections } = this.#shared;
    const run = new Run(this.info);
    const connection = this.#source({
      batch(batch) {
        run.events += batch.length;
        receiver.batch(batch);
      },
      status(value) {
        run.tell(value);
        status.next(value);
        receiver.status(value);
      },
      complete() {
        run.end();
        receiver.complete();
      },
      error(error) {
        run.end();
        receiver.error(error);
      },
    });
    connections.add(connection);
    run.begin(connection);
    // A source may deliver while it starts, so that a sink asks for a hold before there is a connection.
    if (this.#shared.holds > 0) connection.hold();
    return {
      ...connection,
      close() {
        run.end();
        connections.delete(connection);
        connection.close();
      },
    };
  }

  /** How Node's `inspect` shows it: what it is made of says little. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `[EventStream ${printable(this.info.name)}]`;
  }

  #subscribe(subscriber: Subscriber<E>): TeardownLogic {
    const connection = this.connect({
      batch(batch) {
        for (let i = 0; i < batch.length && !subscriber.closed; i++) subscriber.next(batch.row(i));
      },
      status: () => {},
      complete: () => subscriber.complete(),
      error: (error) => subscriber.error(error),
    });
    return () => connection.close();
  }
}

/** The stream that an observable was made from by operators, or undefined where there was none, or several. */
export function originOf(observable: Observable<unknown>): EventStream<unknown> | undefined {
  // `source` is how RxJS 7 links the result of an operator to what it was applied to.
  for (let at: Observable<unknown> | undefined = observable; at; at = at.source) {
    if (at instanceof EventStream) return at;
  }
  return undefined;
}

/** A source of what `change` makes of each event; where that is undefined the event is left out. */
export function refine<E, R>(source: Source<E>, change: (event: E) => R | undefined): Source<R> {
  return (receiver) =>
    source({
      ...receiver,
      batch(batch) {
        const rows: R[] = [];
        for (let i = 0; i < batch.length; i++) {
          const row = change(batch.row(i));
          if (row !== undefined) rows.push(row);
        }
        receiver.batch({ length: rows.length, row: (index) => rows[index]! });
      },
    });
}

function stopOn<E>(source: Source<E>, notifier: ObservableInput<unknown>): Source<E> {
  return (receiver) => {
    const connection = source(receiver);
    // The notifier may emit before `subscribe` returns.
    const notified = from(notifier)
      .pipe(take(1))
      .subscribe({ next: () => connection.stop(), error: (error) => receiver.error(error) });
    return {
      stop: () => connection.stop(),
      hold: () => connection.hold(),
      release: () => connection.release(),
      close() {
        notified.unsubscribe();
        connection.close();
      },
    };
  };
}
