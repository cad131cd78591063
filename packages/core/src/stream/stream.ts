import {
  filter,
  from,
  type Observable,
  type ObservableInput,
  Subject,
  type Subscriber,
  take,
  type TeardownLogic,
} from "rxjs";

import { ListedRun } from "./runs.js";
import { Audiences } from "./consumer.js";
import { deliver } from "./delivery.js";
import { Flow } from "./flow.js";
import { given } from "./given.js";
import { printable } from "../text/printable.js";
import type { Run, Lost, Receiver, Source, Status, StreamInfo } from "./source.js";
import { start } from "./start.js";

/**
 * A cold stream of typed events. Subscribing starts its source (for a probe: loads and
 * attaches its programs; where many do at once, a little later), unsubscribing ends it at once and frees everything; each
 * subscription has a source of its own.
 */
export class EventStream<E> extends Flow<E> {
  readonly info: StreamInfo;
  /** Attachment, losses and notices of all subscriptions to this stream, as they come. Does not complete. */
  readonly status: Observable<Status>;
  /** The losses alone. */
  readonly losses: Observable<Lost>;
  readonly #source: Source<E>;
  readonly #status: Subject<Status>;

  /** @param status what the streams that are made from it by `until` say is told there too */
  constructor(info: StreamInfo, source: Source<E>, status: Subject<Status> = new Subject()) {
    super(function (this: Observable<E>, subscriber: Subscriber<E>): TeardownLogic {
      return (this as EventStream<E>).#subscribe(subscriber);
    });
    this.info = info;
    this.#source = source;
    this.#status = status;
    this.status = status.asObservable();
    this.losses = this.status.pipe(filter((status) => status.type === "lost"));
  }

  /**
   * A stream of events that are given: what is made of a probe's stream can be tried without a kernel.
   * `EventStream.of(opensnoop().info, [sampleEvent(openEvent, { path: "/etc/passwd" })])`
   * @param info what a probe's stream knows of its events, which needs no kernel either
   * @param events in an array, or as another observable gives them
   */
  static of<E>({ already: _, ...info }: StreamInfo, events: ObservableInput<E>): EventStream<E> {
    return new EventStream(info, given(events));
  }

  /**
   * The same stream, ended in good order when `notifier` emits, which is subscribed to once the programs are
   * attached, and so may start what is to be traced. Then the programs are detached, what
   * they had seen is delivered, then it completes. (`takeUntil` would drop what is under way.)
   */
  until(notifier: ObservableInput<unknown>): EventStream<E> {
    return new EventStream(this.info, stopOn(this.#source, notifier), this.#status);
  }

  /** The same stream with what `change` makes of each event; where that is undefined the event is left out. */
  mapEvents<R>(info: StreamInfo, change: (event: E) => R | undefined): EventStream<R> {
    return new EventStream(info, mapEvents(this.#source, change), this.#status);
  }

  override get origin(): string {
    return this.info.name;
  }

  /**
   * Starts the source and hands its batches over as they are, for a receiver that does not need
   * an object for each event. The caller closes the run.
   *
   * Loading programs stops all else: where many streams start at once, later ones do in later turns of the event
   * loop, and the receiver is told of one that cannot. Each says when it is attached.
   * @param subscriber for whom, where that is not the consumer that does this: see `Consumer.during`
   * @throws where the source cannot start
   */
  connect(receiver: Receiver<E>, subscriber?: Subscriber<E>): Run {
    const status = this.#status;
    const listed = new ListedRun(this.info);
    let run: Run | undefined;
    // A source may deliver while it starts, so that it is held before there is a run.
    let holds = 0;
    const audiences = new Audiences(
      this,
      {
        hold: () => (run ? run.hold() : holds++),
        release: () => (run ? run.release() : holds--),
        report(lost) {
          listed.tell(lost);
          status.next(lost);
        },
      },
      subscriber,
    );
    const end = (tell?: () => void): void => {
      listed.end();
      // Who takes the events may have lost some on the way, and hears of the end before it leaves.
      tell?.();
      audiences.end();
    };
    try {
      run = start(this.#source, {
        batch(batch) {
          listed.events += batch.length;
          deliver(
            () => receiver.batch(batch),
            (error) => {
              run?.close();
              end(() => receiver.error(error));
            },
          );
        },
        status(value) {
          listed.tell(value);
          status.next(value);
          audiences.tell(value);
          receiver.status(value);
        },
        complete: () => end(() => receiver.complete()),
        error: (error) => end(() => receiver.error(error)),
      });
    } catch (error) {
      end();
      throw error;
    }
    const started = run;
    listed.begin(started);
    while (holds-- > 0) started.hold();
    return {
      stop: () => started.stop(),
      hold: () => started.hold(),
      release: () => started.release(),
      close() {
        end();
        started.close();
      },
    };
  }

  /** How Node's `inspect` shows it: what it is made of says little. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `[EventStream ${printable(this.info.name)}]`;
  }

  #subscribe(subscriber: Subscriber<E>): TeardownLogic {
    const run = this.connect(
      {
        batch(batch) {
          for (let i = 0; i < batch.length && !subscriber.closed; i++) subscriber.next(batch.row(i));
        },
        status: () => {},
        complete: () => subscriber.complete(),
        error: (error) => subscriber.error(error),
      },
      subscriber,
    );
    return () => run.close();
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
export function mapEvents<E, R>(source: Source<E>, change: (event: E) => R | undefined): Source<R> {
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
    const run = source(receiver);
    // The notifier may emit before `subscribe` returns.
    const notified = from(notifier)
      .pipe(take(1))
      .subscribe({ next: () => run.stop(), error: (error) => receiver.error(error) });
    return {
      stop: () => run.stop(),
      hold: () => run.hold(),
      release: () => run.release(),
      close() {
        notified.unsubscribe();
        run.close();
      },
    };
  };
}
