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
import {
  changed,
  type Condition,
  type Lost,
  type Receiver,
  type Run,
  type Source,
  type Status,
  type StreamInfo,
  wrapped,
} from "./source.js";
import { start } from "./start.js";
import type { Table } from "../values/table.js";

/**
 * A cold stream of typed events. Subscribing starts its source: a probe loads and attaches its programs (a little
 * later, if many streams start at once). Unsubscribing ends it at once and frees everything. Each subscription has a
 * source of its own.
 *
 * `R` is what a condition tests: the events; for a stream of tables, what is counted.
 */
export class EventStream<E, R = E extends Table<unknown> ? unknown : E> extends Flow<E> {
  readonly info: StreamInfo;
  /** Attachment, losses and notices of all subscriptions to this stream, as they happen. Does not complete. */
  readonly status: Observable<Status>;
  /** Only the losses. */
  readonly losses: Observable<Lost>;
  readonly #source: Source<E>;
  readonly #status: Subject<Status>;

  /** @param status also gets the status of the streams that `until` makes from this one */
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
   * Makes a stream of given events, to test operators on a probe's stream without a kernel:
   * `EventStream.of(opensnoop().info, [sampleEvent(openEvent, { path: "/etc/passwd" })])`
   * @param info the `info` of a probe's stream, which needs no kernel either
   * @param events an array, or another observable
   */
  static of<E>({ already: _, ...info }: StreamInfo, events: ObservableInput<E>): EventStream<E> {
    return new EventStream(info, given(events));
  }

  /**
   * The same stream, ended in good order when `notifier` emits: the programs are detached, what they have seen is
   * delivered, then the stream completes. (`takeUntil` would drop what is under way.) `notifier` is subscribed to once
   * the programs are attached, so it may start what is to be traced.
   */
  until(notifier: ObservableInput<unknown>): EventStream<E, R> {
    return new EventStream(this.info, stopOn(this.#source, notifier), this.#status);
  }

  /**
   * The same stream without the events for which `predicate` returns nothing true. It is compiled and runs in the
   * kernel, so that events it drops cost next to nothing; what the kernel cannot decide is left to JavaScript, and a
   * notice says what. So it must not change anything, and gives the same events live and on a recording:
   * `opensnoop().where((e) => e.ret < 0 && e.path.startsWith("/etc/"))`
   *
   * Variables that it captures are read once, when the stream is subscribed to. For a stream of tables it tests what is
   * counted, before it is.
   * @param captured values of captured variables by name, for where Node's `--permission` hides them
   * @throws Error for a stream of tables whose program has nothing but counts. For a field that events do not have, the
   * stream fails when it is subscribed to.
   */
  where(predicate: (event: R) => unknown, captured?: Readonly<Record<string, unknown>>): EventStream<E, R> {
    const condition: Condition<R> = { predicate, captured };
    const narrowed = this.#source.where?.(condition as Condition<never>) as Source<E> | undefined;
    const { already } = this.info;
    const info = already
      ? { ...this.info, already: () => already().filter((event) => predicate(event as R)) }
      : this.info;
    if (narrowed) return new EventStream(info, narrowed, this.#status);
    if (this.info.tables)
      throw new Error(
        `Cannot filter the events of ${this.info.name}: it has only counts; filter their rows: .pipe(map((table) => table.filter(...)))`,
      );
    const tested = mapEvents(this.#source, (event) => (predicate(event as unknown as R) ? event : undefined));
    return new EventStream(info, tested, this.#status);
  }

  /** The same stream with each event replaced by the result of `change`; an event is left out if that is undefined. */
  mapEvents<R>(info: StreamInfo, change: (event: E) => R | undefined): EventStream<R> {
    return new EventStream(info, mapEvents(this.#source, change), this.#status);
  }

  override get origin(): string {
    return this.info.name;
  }

  /**
   * Starts the source and hands its batches over as they are, for a receiver that does not need an object per event.
   * The caller must close the run.
   *
   * Loading programs blocks the event loop. If many streams start at once, some start in later turns of the event loop,
   * and a receiver gets the error of one that cannot start. Each reports when it is attached.
   * @param subscriber the subscriber that takes the events; if not given, the current consumer: see `Consumer.during`
   * @throws if the source cannot start
   */
  connect(receiver: Receiver<E>, subscriber?: Subscriber<E>): Run {
    const status = this.#status;
    const listed = new ListedRun(this.info);
    let run: Run | undefined;
    // A source may deliver while it starts, and so be held before there is a run.
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
      // Consumers hear of the last losses before they leave.
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

  /** How Node's `inspect` shows it, as its members say little. */
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

/** The stream that an observable was made from by operators; undefined if there is none or there are several. */
export function originOf(observable: Observable<unknown>): EventStream<unknown> | undefined {
  // RxJS 7 links the result of an operator to its source by `source`.
  for (let at: Observable<unknown> | undefined = observable; at; at = at.source) {
    if (at instanceof EventStream) return at;
  }
  return undefined;
}

/** A source with each event replaced by the result of `change`; an event is left out if that is undefined. */
export function mapEvents<E, R>(source: Source<E>, change: (event: E) => R | undefined): Source<R> {
  return changed(
    source,
    (plain) => (receiver) =>
      plain({
        ...receiver,
        batch(batch) {
          const rows: R[] = [];
          for (let i = 0; i < batch.length; i++) {
            const row = change(batch.row(i));
            if (row !== undefined) rows.push(row);
          }
          receiver.batch({ length: rows.length, row: (index) => rows[index]! });
        },
      }),
  );
}

function stopOn<E>(source: Source<E>, notifier: ObservableInput<unknown>): Source<E> {
  return wrapped(source, (plain) => (receiver) => {
    const run = plain(receiver);
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
  });
}
