import type { Fields, Schema } from "@rxbpf/core";
import { ColumnBuilder, type Columns, type Records } from "@rxbpf/core/events";

import { fitter, inferSchema } from "./infer.js";
import type { Note, Placed } from "./notes.js";

/** Rows that tell the schema, where it is not known. */
const SAMPLE = 4096;
/** Texts may be long: so many bytes are a batch too. */
const BATCH_BYTES = 16 << 20;
const BATCH_NOTES = 1000;

/** What one batch of a file is made of. */
export interface Gathered {
  readonly columns: Columns;
  readonly notes: readonly Placed[];
}

/** Gathers events, and what happened among them, until they are a batch. */
export class Gathering {
  readonly #most: number;
  readonly #origin: Schema<Fields> | undefined;
  /** Rows that came before there was a schema for them. */
  readonly #sample: unknown[] = [];
  #schema: Schema<Fields> | undefined;
  #builder: ColumnBuilder | undefined;
  #fit: ((row: unknown) => Record<string, unknown>) | undefined;
  #notes: Placed[] = [];

  /**
   * @param most rows of a batch
   * @param exact whether the rows are those of `origin`; else the first ones tell what they are
   */
  constructor(most: number, origin: Schema<Fields> | undefined, exact: boolean) {
    this.#most = most;
    this.#origin = origin;
    if (exact && origin) this.#begin(origin);
  }

  /** Of the rows; found from what has come so far if it is not known yet. */
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
    return (
      this.#length >= this.#most || (this.#builder?.bytes ?? 0) >= BATCH_BYTES || this.#notes.length >= BATCH_NOTES
    );
  }

  /** Whether so many more rows are one batch with those that are here. */
  hasRoom(rows: number): boolean {
    return this.#length + rows <= this.#most;
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
  }

  /** Hands over what was gathered, and starts anew: it is valid until more is gathered. */
  take(): Gathered {
    if (!this.#schema) this.#infer();
    const columns = this.#builder!.take();
    const notes = this.#notes;
    this.#notes = [];
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
