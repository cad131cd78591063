import { closeSync } from "node:fs";

import {
  type Batch,
  ColumnBuilder,
  Consumer,
  type EventStream,
  feed,
  type Fields,
  type Lost,
  type Schema,
  type StreamInfo,
  Table,
} from "@rxbpf/core";
import { type Observable, type Subscriber, Subscription } from "rxjs";

import type { Progress } from "../sink.js";
import { MORE } from "./decode.js";
import type { Compression } from "./encoder.js";
import type { ArrowFile } from "./file.js";
import { type Gathered, Gathering } from "./gathering.js";
import { recordingMetadata } from "./metadata.js";
import { Attendance, type Newcomers } from "./newcomers.js";
import type { Snapshot } from "./notes.js";
import { type Part, Parts, type Rotation } from "./parts.js";

export interface ArrowOptions {
  /** Rows are written once there are so many; 65,536 if not given. */
  readonly batchRows?: number | undefined;
  /** And once the first of them is so old, in milliseconds; 1000 if not given. */
  readonly batchMs?: number | undefined;
  /** How batches are compressed; not at all if not given. Needs libzstd 1. */
  readonly compression?: Compression;
  /** Writes one file after the other, each a whole recording: their names are the path's with start and number. */
  readonly rotate?: Rotation | undefined;
  /**
   * What there is now: of all processes, asked for at the beginning of every file; then of those that
   * events tell of for the first time, which may have ended by then. Nothing of it is written where it gives none.
   */
  readonly snapshot?: ((of?: Newcomers) => Snapshot | undefined) | undefined;
}

const BATCH_ROWS = 65_536;
const BATCH_MS = 1000;
const PROGRESS_MS = 250;

type FileModule = typeof import("./file.js");
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
  /** Whether the events come as the origin's source gives them. */
  readonly #direct: boolean;
  readonly #input = new Subscription();
  /** Batches that came before `file.js` was loaded. */
  readonly #unwritten: Gathered[] = [];
  readonly #consumer: Consumer;
  #module: FileModule | undefined;
  #part: Part | undefined;
  #file: ArrowFile | undefined;
  #begun = false;
  /** In files that are finished. */
  #bytesBefore = 0;
  #rows = 0;
  #lost = 0;
  #ended = false;
  #onReady: (() => void) | undefined;
  #flushing: NodeJS.Timeout | undefined;
  #telling: NodeJS.Timeout | undefined;

  /** @throws Error where the file cannot be created */
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
    // What a replayed row has beside its columns is in no column.
    this.#direct = origin === source && schema?.fields[MORE]?.kind !== "json";
    this.#gathering = new Gathering(options.batchRows ?? BATCH_ROWS, schema, this.#direct);
    this.#attendance = options.snapshot && new Attendance(options.snapshot);
    this.#parts = new Parts(path, options.rotate);
    this.#part = this.#parts.open();
    this.#consumer = new Consumer({
      end: () => this.#end(),
      status: (status) => {
        if (status.type === "lost") this.#guarded(() => this.#lose(status));
      },
    });
  }

  start(): void {
    // Loading it takes a while, in which events are gathered already.
    import("./file.js").then(
      (module) => {
        this.#module = module;
        if (this.#onReady) this.#onReady();
        else this.#guarded(() => this.#flush());
      },
      (error: unknown) => this.#end({ error }),
    );
    this.#input.add(
      feed(this.#consumer, this.#source, {
        batch: (batch) => this.#guarded(() => this.#batch(batch)),
        next: (event) => this.#guarded(() => this.#event(event)),
        complete: () => this.#end(),
        error: (error) => this.#end({ error }),
      }),
    );
  }

  /** Ends the source; what has come is still written. */
  stop(): void {
    if (this.#ended) return;
    this.#detach();
    this.#whenReady(() => {
      this.#finish();
      this.#consumer.done();
    });
  }

  #batch(batch: Batch<E>): void {
    const { length, records } = batch;
    if (records && this.#direct) {
      if (!this.#gathering.hasRoom(length)) this.#flush();
      this.#rows += length;
      this.#gathering.records(records);
      this.#attendance?.records(records);
      this.#gathered();
    } else for (let i = 0; i < length && !this.#ended; i++) this.#event(batch.row(i));
  }

  /** Takes an event in; a table is its rows. */
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

  #gathered(): void {
    this.#look();
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#tell();
    }, PROGRESS_MS);
    if (this.#gathering.isFull) this.#flush();
    else this.#flushing ??= setTimeout(() => this.#guarded(() => this.#flush()), this.#options.batchMs ?? BATCH_MS);
  }

  /** Notes who has come with the events. */
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
    if (!this.#module) {
      this.#unwritten.push(...structuredClone(gathered));
      return;
    }
    // A head tells readers that recording has begun. It waits until it is known what the rows are.
    if (!this.#begun && (this.#direct || this.#ended)) this.#current(this.#module);
    for (const { columns, notes } of [...this.#unwritten.splice(0), ...gathered])
      this.#current(this.#module).write(columns, notes);
  }

  /** The file to write to: a new one where the last is full, or there is none. */
  #current({ ArrowFile }: FileModule): ArrowFile {
    if (this.#file && this.#part && this.#parts.isFull(this.#part, this.#file.bytes)) {
      this.#closeFile();
      this.#part = this.#parts.open();
    }
    if (!this.#file) {
      const { schema } = this.#gathering;
      const { fd, path, created } = this.#part!;
      this.#part = { ...this.#part!, fd: -1 };
      this.#begun = true;
      const metadata = recordingMetadata(originInfo(this.#origin, schema), schema, created);
      this.#file = new ArrowFile(fd, path, { schema, metadata, compression: this.#options.compression });
      const snapshot = this.#attendance?.begin();
      if (snapshot) this.#file.write(new ColumnBuilder(schema).take(), [{ at: 0, note: snapshot }]);
    }
    return this.#file;
  }

  #closeFile(): void {
    const file = this.#file!;
    this.#file = undefined;
    try {
      file.finish();
    } finally {
      this.#bytesBefore += file.bytes;
    }
  }

  #finish(): void {
    this.#flush();
    if (this.#file) this.#closeFile();
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
    this.#whenReady(() => {
      this.#finish();
      this.#settle(failure);
    });
  }

  /** Does what ends the run, once the file can be written. */
  #whenReady(end: () => void): void {
    this.#onReady = () => {
      try {
        end();
      } catch (error) {
        this.#settle({ error });
      }
    };
    if (this.#module) this.#onReady();
  }

  /** Does what may write; where that fails the run ends with it. */
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
    this.#consumer.done();
    this.#closeAll();
    this.#tell();
    if (failure) this.#subscriber.error(failure.error);
    else this.#subscriber.complete();
  }

  /** Closes what a failure left open, as whole as it can be. */
  #closeAll(): void {
    try {
      this.#file?.finish();
    } catch {
      // The failure before is the one to tell.
    }
    if (this.#part && this.#part.fd >= 0) closeSync(this.#part.fd);
    this.#part = undefined;
  }

  #tell(): void {
    const bytes = this.#bytesBefore + (this.#file?.bytes ?? 0);
    this.#subscriber.next({ rows: this.#rows, bytes, lost: this.#lost });
  }
}

/** What is said of the stream that rows came from, where they still have its fields. */
function originInfo(origin: EventStream<unknown> | undefined, { fields }: Schema<Fields>): Partial<StreamInfo> {
  const wanted = Object.entries(origin?.info.schema.fields ?? {});
  const same = wanted.every(([name, { optional }]) => optional || Object.hasOwn(fields, name));
  return origin && same ? origin.info : {};
}
