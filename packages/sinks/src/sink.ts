import type { Lost } from "@rxbpf/core";
import { type Batch, Consumer, eventTime, feed, type LineEncoder, type Records } from "@rxbpf/core/events";
import { Observable, type OperatorFunction, type Subscriber, Subscription } from "rxjs";

import type { OutputOptions } from "./files/output-file.js";
import type { Target } from "./output.js";
import { Writer } from "./writer.js";

/** The progress of a sink. */
export interface Progress {
  /** Events written or about to be written. */
  readonly rows: number;
  /** Bytes written. */
  readonly bytes: number;
  /** Events lost on the way to the sink and in it. */
  readonly lost: number;
}

/** Writes events as lines. Every text ends with a newline, or is empty; those of a binary format are bytes. */
export interface Format<E> {
  /** The text at the start. */
  head?(): string;
  /** An event. */
  row(event: E): string;
  /** Makes an encoder that writes the same line straight from an event's record, without a row. */
  encoder?(records: Records): LineEncoder;
  /** Makes a function that returns the same text, given an event's record, without a row. Undefined if it needs rows. */
  line?(records: Records): ((position: number) => string) | undefined;
  /** A loss, among the events where it happened. */
  lost(lost: Lost): string;
  /** What stands at the end, also if the source has failed or was unsubscribed. */
  tail?(): string | Uint8Array;
}

/** The least time between two reports of progress. */
const PROGRESS_MS = 250;

/**
 * Makes an operator that writes events to a target. It emits its progress a few times a second while there is some, and
 * at the end. It completes when everything is written and the target is closed, and also when the target's reader has
 * gone. It fails with the source's error, after writing what came before, or with the target's error. Unsubscribing
 * ends the source at once; events that it has delivered are still written.
 *
 * While more than 1 MiB waits to be written, the streams that the source was made from are held. If the source cannot
 * be held, events are dropped while more than 64 MiB wait, and reported as lost with the reason `sink full`. Losses on
 * the way to this sink are written among the events.
 * @param open makes the format, anew for each subscription
 */
export function sink<E>(
  target: Target,
  open: (source: Observable<E>) => Format<E>,
  options?: OutputOptions,
): OperatorFunction<E, Progress> {
  return (source) =>
    new Observable((subscriber) => {
      const writing = new Writing(target, options, open(source), subscriber);
      writing.start(source);
      return () => writing.stop();
    });
}

class Writing<E> {
  readonly #writer: Writer;
  readonly #format: Format<E>;
  readonly #consumer: Consumer;
  readonly #subscriber: Subscriber<Progress>;
  readonly #input = new Subscription();
  readonly #unwritten = new Map<string, Lost>();
  /** Writes the event of the record at a position. Undefined before the first; null if the format needs rows. */
  #record: ((position: number) => void) | null | undefined;
  #begun = false;
  #finished = false;
  #ended = false;
  #rows = 0;
  #lost = 0;
  #dropped = 0;
  #failure: Failure | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: Target, options: OutputOptions | undefined, format: Format<E>, subscriber: Subscriber<Progress>) {
    this.#format = format;
    this.#subscriber = subscriber;
    const events = {
      crowded: () => this.#crowded(),
      drained: () => this.#drained(),
      closed: (error?: Error) => this.#settle(error && { error }),
    };
    this.#writer = new Writer(target, events, options);
    this.#consumer = new Consumer({
      end: () => this.#end(),
      hurry: () => this.#writer.hurry(),
      status: (status) => {
        if (status.type === "lost") this.#lose(status);
        else if (status.type === "attached" && !this.#ended) this.#begin();
      },
    });
  }

  start(source: Observable<E>): void {
    this.#input.add(
      feed(this.#consumer, source, {
        batch: (batch) => this.#batch(batch),
        next: (event) => this.#next(event),
        complete: () => this.#end(),
        error: (error) => this.#end({ error }),
      }),
    );
    // A stream reports when it has begun; other sources do not.
    if (!this.#ended && !this.#consumer.isFed) this.#begin();
  }

  /** Ends the source. What has come is still written. */
  stop(): void {
    this.#detach();
    this.#putLosses();
    this.#finish();
    clearTimeout(this.#timer);
    this.#writer.end(() => this.#consumer.done());
  }

  #batch(batch: Batch<E>): void {
    const { length, records } = batch;
    const write = records && this.#recordWriter(records);
    if (write) this.#records(records, write);
    else for (let i = 0; i < length && !this.#ended; i++) this.#next(batch.row(i));
  }

  #recordWriter(records: Records): ((position: number) => void) | null {
    if (this.#record !== undefined) return this.#record;
    const encoder = this.#format.encoder?.(records);
    if (encoder) return (this.#record = (position) => this.#writer.put(encoder, position));
    const line = this.#format.line?.(records);
    return (this.#record = line ? (position) => this.#writer.write(line(position)) : null);
  }

  #records({ positions, count }: Records, write: (position: number) => void): void {
    if (this.#ended) return;
    this.#begin();
    this.#arm();
    try {
      for (let i = 0; i < count && !this.#ended; i++) {
        if (this.#writer.full) this.#drop();
        else {
          write(positions[i]!);
          this.#rows++;
        }
      }
    } catch (error) {
      this.#end({ error });
    }
  }

  #next(event: E): void {
    if (this.#ended) return;
    if (this.#writer.full) return this.#drop();
    try {
      this.#put(this.#format.row(event));
      this.#rows++;
    } catch (error) {
      this.#end({ error });
    }
  }

  #drop(): void {
    this.#lose({ type: "lost", time: eventTime(), count: 1, total: ++this.#dropped, reason: "sink full" });
  }

  #lose(lost: Lost): void {
    this.#lost += lost.count;
    const before = this.#unwritten.get(lost.reason);
    this.#unwritten.set(lost.reason, before ? { ...lost, count: before.count + lost.count } : lost);
    if (!this.#writer.full) this.#putLosses();
    this.#arm();
  }

  #putLosses(): void {
    for (const lost of this.#unwritten.values()) this.#put(this.#format.lost(lost));
    this.#unwritten.clear();
  }

  #finish(): void {
    if (!this.#begun || this.#finished) return;
    this.#finished = true;
    try {
      this.#put(this.#format.tail?.() ?? "");
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #put(lines: string | Uint8Array): void {
    if (!this.#begun) this.#begin();
    this.#writer.write(lines);
    this.#arm();
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#put(this.#format.head?.() ?? "");
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, PROGRESS_MS);
  }

  #tell(): void {
    this.#subscriber.next({ rows: this.#rows, bytes: this.#writer.bytes, lost: this.#lost });
  }

  #crowded(): void {
    if (!this.#ended) this.#consumer.hold();
  }

  #drained(): void {
    this.#putLosses();
    this.#consumer.release();
  }

  #detach(): void {
    this.#ended = true;
    this.#input.unsubscribe();
    this.#consumer.release();
  }

  /** The source has ended. */
  #end(failure?: Failure): void {
    if (this.#ended) return;
    this.#failure = failure;
    this.#detach();
    if (!failure) this.#begin();
    this.#putLosses();
    this.#finish();
    this.#writer.end(() => this.#settle());
  }

  /** The target is closed. */
  #settle(failure?: Failure): void {
    this.#consumer.done();
    this.#detach();
    clearTimeout(this.#timer);
    this.#tell();
    const cause = this.#failure ?? failure;
    if (cause) this.#subscriber.error(cause.error);
    else this.#subscriber.complete();
  }
}

interface Failure {
  readonly error: unknown;
}
