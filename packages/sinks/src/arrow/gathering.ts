import type { Fields, Schema } from "@rxbpf/core";
import { ColumnBuilder, type Columns, type Records } from "@rxbpf/core/events";

import { fitter, inferSchema } from "./infer.js";
import type { Note, Placed } from "./notes.js";

/** How many rows the schema is inferred from, if it is not known. */
const SAMPLE = 4096;
/** A batch also ends at this many bytes, as texts may be long. */
const BATCH_BYTES = 16 << 20;
const BATCH_NOTES = 1000;
/** How many records are appended before a batch's size is looked at, if it is limited. */
const RECORDS = 64;

/** When a batch is written. */
export interface BatchLimits {
  readonly rows: number;
  /** Bytes before compression; a batch may exceed it by the last few events. */
  readonly bytes?: number | undefined;
}

/** The events and notes of one batch. */
export interface Gathered {
  readonly columns: Columns;
  readonly notes: readonly Placed[];
}

/** Gathers events and notes until they make a batch. */
export class Gathering {
  readonly #most: number;
  readonly #mostBytes: number;
  /** How many records are appended at once. */
  readonly #step: number;
  readonly #origin: Schema<Fields> | undefined;
  /** Rows that came before the schema was known. */
  readonly #sample: unknown[] = [];
  #schema: Schema<Fields> | undefined;
  #builder: ColumnBuilder | undefined;
  #fit: ((row: unknown) => Record<string, unknown>) | undefined;
  #notes: Placed[] = [];
  #noteBytes = 0;

  /**
   * @param limits when a batch is full
   * @param exact whether the rows have exactly the schema `origin`; otherwise it is inferred from the first rows
   */
  constructor({ rows, bytes }: BatchLimits, origin: Schema<Fields> | undefined, exact: boolean) {
    this.#most = rows;
    this.#mostBytes = bytes ?? BATCH_BYTES;
    this.#step = bytes === undefined ? Infinity : RECORDS;
    this.#origin = origin;
    if (exact && origin) this.#begin(origin);
  }

  /** The schema of the rows, inferred from those that have come so far if it is not known yet. */
  get schema(): Schema<Fields> {
    if (!this.#schema) this.#infer();
    return this.#schema!;
  }

  /** Whether there is anything to write. */
  get isEmpty(): boolean {
    return this.#length === 0 && this.#notes.length === 0;
  }

  /** Whether it is time to write. */
  get isFull(): boolean {
    const bytes = (this.#builder?.bytes ?? 0) + this.#noteBytes;
    return this.#length >= this.#most || bytes >= this.#mostBytes || this.#notes.length >= BATCH_NOTES;
  }

  /** Whether this many more rows fit into the batch. */
  hasRoom(rows: number): boolean {
    return this.#length + rows <= this.#most;
  }

  /** Cuts records into pieces after each of which the batch may be full. */
  *pieces(records: Records): Generator<Records> {
    const { positions, count } = records;
    if (count <= this.#step) return yield records;
    for (let at = 0; at < count; at += this.#step)
      yield { ...records, positions: positions.subarray(at), count: Math.min(this.#step, count - at) };
  }

  records(records: Records): void {
    this.#builder!.appendRecords(records);
  }

  row(row: unknown): void {
    if (this.#builder) this.#append(row);
    else if (this.#sample.push(row) >= SAMPLE) this.#infer();
  }

  note(note: Note): void {
    this.#notes.push({ at: this.#length, note });
    if (this.#step < Infinity) this.#noteBytes += JSON.stringify(note).length;
  }

  /** Hands over what was gathered and starts anew. The result is valid until more is gathered. */
  take(): Gathered {
    if (!this.#schema) this.#infer();
    const columns = this.#builder!.take();
    const notes = this.#notes;
    this.#notes = [];
    this.#noteBytes = 0;
    return { columns, notes };
  }

  get #length(): number {
    return this.#sample.length + (this.#builder?.length ?? 0);
  }

  #begin(schema: Schema<Fields>): void {
    this.#schema = schema;
    this.#builder = new ColumnBuilder(schema);
  }

  #infer(): void {
    const schema = inferSchema(this.#origin, this.#sample);
    this.#fit = fitter(schema);
    this.#begin(schema);
    for (const row of this.#sample.splice(0)) this.#append(row);
  }

  #append(row: unknown): void {
    this.#builder!.appendRow(this.#fit ? this.#fit(row) : (row as Record<string, unknown>));
  }
}
