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

import type { Records } from "./schema/column-data.js";
import type { Fields, Schema } from "./schema/schema.js";
import type { Column } from "./text/column.js";

/** What a stream says about itself, besides its events. */
export type Status = Attached | Lost | Notice;

/** The stream delivers what happens from now on. */
export interface Attached {
  readonly type: "attached";
  /** The programs that run. */
  readonly programs: readonly string[];
}

/** Events that happened and cannot be delivered. */
export interface Lost {
  readonly type: "lost";
  /** Unix milliseconds when the loss was seen; it happened after the event delivered last. */
  readonly time: number;
  /** How many events, since the last such report. */
  readonly count: number;
  /** How many since the stream was subscribed to. */
  readonly total: number;
  /** Where: `ring full` or `map full` in the kernel, `sink full` in this process. */
  readonly reason: string;
}

/** Something that a person should know. */
export interface Notice {
  readonly type: "notice";
  /** One line. */
  readonly message: string;
}

/** Events that arrived together. Valid only during the call that hands it over. */
export interface Batch<E> {
  readonly length: number;
  /** Makes the event at an index into a plain object. */
  row(index: number): E;
  /** The same events as records in memory, where they are still as a program wrote them. */
  readonly records?: Records | undefined;
}

/** Takes what a source gives. After `complete` or `error` nothing more comes. */
export interface Receiver<E> {
  batch(batch: Batch<E>): void;
  status(status: Status): void;
  complete(): void;
  error(error: unknown): void;
}

/** A source that has been started. */
export interface Connection {
  /** Ends the source in good order: nothing new, what is under way is delivered, then `complete`. */
  stop(): void;
  /** Ends the source at once and frees what it holds. Calls nothing back. May be called twice. */
  close(): void;
  /** Stops delivery until `release`; what happens meanwhile waits in the source's buffer. */
  hold(): void;
  release(): void;
}

/** Starts delivering to a receiver. Throws where it cannot start, having freed everything. */
export type Source<E> = (receiver: Receiver<E>) => Connection;

/** What a stream knows of its events beyond their type. */
export interface StreamInfo {
  /** The probe's name. */
  readonly name: string;
  /** The fields of an event, or of each row of an event that is a table. */
  readonly schema: Schema<Fields>;
  /** What the probe was asked for, by option. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Whether each event is a table: an array of rows. */
  readonly tables?: boolean;
  /** A line that comes before a text table. */
  readonly banner?: string;
  /** Makes the columns of a text table of those, anew for each table. */
  readonly columns: () => readonly Column<unknown>[];
}

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
   * The same stream, ended in good order when `notifier` emits: its programs are detached, what
   * they had seen is delivered, then it completes. (`takeUntil` would drop what is under way.)
   */
  until(notifier: ObservableInput<unknown>): EventStream<E> {
    return new EventStream(this.info, stopOn(this.#source, notifier), this.#shared);
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

  /**
   * Starts the source and hands its batches over as they are, for a receiver that does not need
   * an object for each event. The caller closes the connection.
   * @throws where the source cannot start
   */
  connect(receiver: Receiver<E>): Connection {
    const { status, connections } = this.#shared;
    const connection = this.#source({
      ...receiver,
      status(value) {
        status.next(value);
        receiver.status(value);
      },
    });
    connections.add(connection);
    // A source may deliver while it starts, so that a sink asks for a hold before there is a connection.
    if (this.#shared.holds > 0) connection.hold();
    return {
      ...connection,
      close() {
        connections.delete(connection);
        connection.close();
      },
    };
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
