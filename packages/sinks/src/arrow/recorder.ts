import { type EventStream, type Fields, type Lost, type Schema, type StreamInfo, Table } from "@rxbpf/core";
import { eventTime, type Batch, Consumer, feed } from "@rxbpf/core/events";
import { type Observable, type Subscriber, Subscription } from "rxjs";

import type { OutputOptions } from "../files/output-file.js";
import type { Progress } from "../sink.js";
import { MORE } from "./decode.js";
import type { Compression } from "./encoder.js";
import { type Gathered, Gathering } from "./gathering.js";
import { now } from "./metadata.js";
import { Attendance, type Newcomers } from "./newcomers.js";
import type { Placed, Snapshot } from "./notes.js";
import { type Parts, partsAt, type Rotation } from "./parts.js";
import type { Contents, RecordingFiles } from "./recording-files.js";
import { reasonOf } from "./unwritten.js";

export interface ArrowOptions extends OutputOptions {
  /** How many rows make a batch, which is then written; 65,536 by default. */
  readonly batchRows?: number | undefined;
  /**
   * A batch is also written at this many bytes, counted before compression; 16 MiB by default. It may exceed that by
   * the last 64 events. A message broker takes no larger messages than it is told to, NATS 1 MiB.
   */
  readonly batchBytes?: number | undefined;
  /** A batch is also written once its first row is this old, in milliseconds; 1000 by default. */
  readonly batchMs?: number | undefined;
  /** How batches are compressed; not at all by default. Needs libzstd 1. */
  readonly compression?: Compression;
  /**
   * Writes several files one after the other, each a whole recording. Their names are the path's with the start and a
   * number.
   */
  readonly rotate?: Rotation | undefined;
  /**
   * If given, the file is created once this resolves. If it rejects, no file is created and the recording fails with
   * its error.
   */
  readonly ready?: PromiseLike<unknown> | undefined;
  /**
   * Takes a snapshot of running processes. Called for all at the beginning of every file, then for those that events
   * mention for the first time, which may have ended by then. If it returns undefined, no snapshot is written.
   */
  readonly snapshot?: ((of?: Newcomers) => Snapshot | undefined) | undefined;
}

const BATCH_ROWS = 65_536;
const BATCH_MS = 1000;
const PROGRESS_MS = 250;

interface Failure {
  readonly error: unknown;
}

/** One run of `toArrow`. */
export class Recorder<E> {
  readonly #source: Observable<E>;
  readonly #origin: EventStream<unknown> | undefined;
  readonly #options: ArrowOptions;
  readonly #subscriber: Subscriber<Progress>;
  readonly #parts: Parts;
  readonly #gathering: Gathering;
  readonly #attendance: Attendance | undefined;
  /** Whether the events come straight from the origin's source. */
  readonly #direct: boolean;
  readonly #input = new Subscription();
  /** Batches that came before a file could be created, still to be written. */
  readonly #unwritten: Gathered[] = [];
  readonly #consumer: Consumer;
  readonly #started = now();
  #files: RecordingFiles | undefined;
  /** Whether a file is wanted: the source has begun, or something came. */
  #begun = false;
  /** Whether a file may be created: `ready` has resolved. */
  #mayBegin: boolean;
  #rows = 0;
  #written = 0;
  #lost = 0;
  #ended = false;
  #settled = false;
  #onReady: (() => void) | undefined;
  #flushing: NodeJS.Timeout | undefined;
  #telling: NodeJS.Timeout | undefined;

  /** @throws Error if the file cannot be created */
  constructor(
    path: string,
    source: Observable<E>,
    origin: EventStream<unknown> | undefined,
    options: ArrowOptions,
    subscriber: Subscriber<Progress>,
  ) {
    this.#source = source;
    this.#origin = origin;
    this.#options = options;
    this.#subscriber = subscriber;
    const schema = origin?.info.schema;
    // The values that a replayed row has besides its columns are in no column.
    this.#direct = origin === source && schema?.fields[MORE]?.kind !== "json";
    const limits = { rows: options.batchRows ?? BATCH_ROWS, bytes: options.batchBytes };
    this.#gathering = new Gathering(limits, schema, this.#direct);
    this.#attendance = options.snapshot && new Attendance(options.snapshot);
    this.#parts = partsAt(path, options.rotate, options);
    this.#mayBegin = options.ready === undefined;
    this.#consumer = new Consumer({
      end: () => this.#end(),
      status: (status) => {
        if (status.type === "lost") this.#guarded(() => this.#lose(status));
        else if (status.type === "attached") this.#begin();
      },
    });
  }

  start(): void {
    // Loading takes a while; events are gathered meanwhile.
    const ready = Promise.resolve(this.#options.ready).then(() => (this.#mayBegin = true));
    Promise.all([import("./recording-files.js"), ready]).then(
      ([{ RecordingFiles }]) => {
        const snapshot = (cgroupIds: ReadonlySet<number>) => this.#attendance?.begin(cgroupIds);
        this.#files = new RecordingFiles(this.#parts, () => this.#contents(), snapshot, this.#started);
        if (this.#onReady) this.#onReady();
        else this.#guarded(() => this.#flush());
      },
      (error: unknown) => {
        this.#detach();
        this.#settle({ error });
      },
    );
    this.#input.add(
      feed(this.#consumer, this.#source, {
        batch: (batch) => this.#guarded(() => this.#batch(batch)),
        next: (event) => this.#guarded(() => this.#event(event)),
        complete: () => this.#end(),
        error: (error) => this.#end({ error }),
      }),
    );
    // A stream reports when it has begun; other sources do not.
    if (!this.#consumer.isFed) this.#begin();
  }

  /** Ends the source. What has come is still written. */
  stop(): void {
    if (this.#ended) return;
    this.#detach();
    this.#whenReady(() => {
      this.#finish();
      this.#consumer.done();
      this.#parts.close();
    });
  }

  #batch(batch: Batch<E>): void {
    const { length, records } = batch;
    if (records && this.#direct) {
      this.#rows += length;
      for (const piece of this.#gathering.pieces(records)) {
        if (!this.#gathering.hasRoom(piece.count)) this.#flush();
        this.#gathering.records(piece);
        this.#attendance?.records(piece);
        this.#gathered();
      }
    } else for (let i = 0; i < length && !this.#ended; i++) this.#event(batch.row(i));
  }

  /** Takes an event. Of a table, each row. */
  #event(event: unknown): void {
    if (!(event instanceof Table)) return this.#row(event);
    for (const row of event.rows) this.#row(row);
  }

  #row(row: unknown): void {
    this.#rows++;
    this.#gathering.row(row);
    this.#attendance?.row(row);
    this.#gathered();
  }

  #lose(lost: Lost): void {
    this.#lost += lost.count;
    this.#gathering.note(lost);
    this.#gathered();
  }

  #begin(): void {
    if (this.#begun || this.#ended) return;
    this.#begun = true;
    this.#guarded(() => this.#flush());
  }

  #gathered(): void {
    this.#begun = true;
    this.#look();
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#tell();
    }, PROGRESS_MS);
    if (this.#gathering.isFull) this.#flush();
    else this.#flushing ??= setTimeout(() => this.#guarded(() => this.#flush()), this.#options.batchMs ?? BATCH_MS);
  }

  /** Notes newcomers among the events' processes. */
  #look(): void {
    const newcomers = this.#attendance?.look();
    if (newcomers) this.#gathering.note(newcomers);
  }

  /** Writes what was gathered. */
  #flush(): void {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    this.#look();
    const gathered = this.#gathering.isEmpty ? [] : [this.#gathering.take()];
    this.#unwritten.push(...(this.#files ? gathered : structuredClone(gathered)));
    if (!this.#files) return;
    // The head tells readers that recording has begun. It is written once the schema is known.
    if (this.#begun && (this.#direct || this.#ended)) this.#files.begin();
    for (let next = this.#unwritten[0]; next; next = this.#unwritten[0]) {
      this.#files.write(next.columns, next.notes);
      this.#written += next.columns.length;
      this.#unwritten.shift();
    }
  }

  #contents(): Contents {
    const { schema } = this.#gathering;
    const { compression, batchBytes } = this.#options;
    return { schema, info: originInfo(this.#origin, schema), compression, batchBytes };
  }

  #finish(): void {
    this.#flush();
    this.#files!.finish();
  }

  #detach(): void {
    this.#ended = true;
    this.#input.unsubscribe();
    clearTimeout(this.#flushing);
    clearTimeout(this.#telling);
  }

  #end(failure?: Failure): void {
    if (this.#ended) return;
    this.#detach();
    // A recording that waits for others to begin learns by this that they cannot.
    if (failure && !(this.#begun && this.#mayBegin)) return this.#settle(failure);
    if (!failure) this.#begun = true;
    this.#whenReady(() => {
      this.#finish();
      this.#settle(failure);
    });
  }

  /** Runs `end` once the file may be written. */
  #whenReady(end: () => void): void {
    this.#onReady = () => {
      try {
        end();
      } catch (error) {
        this.#settle({ error });
      }
    };
    if (this.#files) this.#onReady();
  }

  /** Runs work that may write. If writing fails, the run ends with that error. */
  #guarded(work: () => void): void {
    if (this.#ended) return;
    try {
      work();
    } catch (error) {
      this.#detach();
      this.#settle({ error });
    }
  }

  #settle(failure?: Failure): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#consumer.done();
    this.#closeAll(failure);
    this.#tell();
    if (failure) this.#subscriber.error(failure.error);
    else this.#subscriber.complete();
  }

  /** Closes what a failure left open, as complete as possible, with a note on what was lost by it. */
  #closeAll(failure?: Failure): void {
    const count = this.#rows - this.#written;
    this.#rows = this.#written;
    this.#lost += count;
    try {
      this.#files?.finish(this.#untold(count, reasonOf(failure?.error)));
    } catch {
      // The first failure is the one to report.
    }
    this.#parts.close();
  }

  /** Losses that are not in the file yet. */
  #untold(count: number, reason: string): Placed[] {
    const gathered = this.#gathering.isEmpty ? [] : [this.#gathering.take()];
    const notes = [...this.#unwritten, ...gathered].flatMap(({ notes }) => notes.map(({ note }) => note));
    const losses = notes.filter(({ type }) => type === "lost");
    const lost: Lost = { type: "lost", time: eventTime(), count, total: count, reason };
    return [...losses, ...(count > 0 ? [lost] : [])].map((note) => ({ at: 0, note }));
  }

  #tell(): void {
    this.#subscriber.next({ rows: this.#rows, bytes: this.#files?.bytes ?? 0, lost: this.#lost });
  }
}

/** The information on the stream that rows came from, if they still have its fields. */
function originInfo(origin: EventStream<unknown> | undefined, { fields }: Schema<Fields>): Partial<StreamInfo> {
  const wanted = Object.entries(origin?.info.schema.fields ?? {});
  const same = wanted.every(([name, { optional }]) => optional || Object.hasOwn(fields, name));
  return origin && same ? origin.info : {};
}
