import { type ColumnWriter, OptionalWriter, writerFor } from "./column-writers.js";
import type { Columns, Records } from "./column-data.js";
import type { Fields, Schema } from "./schema.js";

/** Gathers the events of a schema in columns: from records without making objects, or from rows. */
export class ColumnBuilder {
  readonly #names: readonly string[];
  readonly #columns: readonly ColumnWriter[];
  #length = 0;

  constructor(schema: Schema<Fields>) {
    this.#names = Object.keys(schema.fields);
    this.#columns = Object.values(schema.fields).map(writerFor);
  }

  /** Events gathered since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.bytes(), 0);
  }

  appendRecords(records: Records): void {
    let place = 0;
    for (const column of this.#columns) {
      if (column instanceof OptionalWriter) column.absent(records.count);
      else column.records(records.layout.places[place++]!, records);
    }
    this.#length += records.count;
  }

  appendRow(row: Readonly<Record<string, unknown>>): void {
    for (let i = 0; i < this.#names.length; i++) this.#columns[i]!.value(row[this.#names[i]!]);
    this.#length++;
  }

  /** Hands over what was gathered, and starts anew in the same memory: it is valid until the next event is. */
  take(): Columns {
    const taken = { length: this.#length, columns: this.#columns.map((column) => column.take()) };
    this.#length = 0;
    return taken;
  }
}
