import { copier } from "./column-copy.js";
import type { Columns, Records } from "./column-data.js";
import { type ColumnWriter, OptionalWriter } from "./column-writers.js";
import type { Field, Fields } from "./field.js";
import { KINDS } from "./kinds.js";
import type { Schema } from "./schema.js";

/** Gathers the events of a schema in columns, from rows, or from records without making objects. */
export class ColumnBuilder {
  readonly #names: readonly string[];
  readonly #columns: readonly ColumnWriter[];
  /** The columns of fields that records have, in the order of their layout, and of fields that they do not have. */
  #recorded: readonly ColumnWriter[] = [];
  #lacking: readonly OptionalWriter[] = [];
  #copy: ReturnType<typeof copier> | undefined;
  #memory: Records["memory"] | undefined;
  #length = 0;

  constructor(schema: Schema<Fields>) {
    this.#names = Object.keys(schema.fields);
    this.#columns = Object.values(schema.fields).map(writerFor);
  }

  /** How many events were gathered since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** How many bytes they take. */
  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.bytes(this.#length), 0);
  }

  /** Appends records of one layout, which has the fields of the schema; it may lack optional ones. */
  appendRecords(records: Records): void {
    const { memory, positions, count } = records;
    const at = this.#length;
    if (!this.#copy || this.#memory !== memory) this.#begin(records);
    this.#memory = memory;
    this.#copy!(
      positions,
      count,
      at,
      this.#recorded.map((column) => column.target(at, count)),
    );
    for (const column of this.#lacking) column.absent(at, count);
    this.#length += count;
  }

  #begin(records: Records): void {
    const names = records.layout.places.map(({ name }) => name);
    this.#copy = copier(records);
    this.#recorded = names.map((name) => this.#columns[this.#names.indexOf(name)]!);
    this.#lacking = this.#columns.filter((column) => !this.#recorded.includes(column)) as OptionalWriter[];
  }

  /** Appends one row, by the names of its fields. */
  appendRow(row: Readonly<Record<string, unknown>>): void {
    for (let i = 0; i < this.#names.length; i++) this.#columns[i]!.value(row[this.#names[i]!], this.#length);
    this.#length++;
  }

  /** Hands over the columns and starts anew in the same memory. They are valid until the next event is appended. */
  take(): Columns {
    const length = this.#length;
    this.#length = 0;
    return { length, columns: this.#columns.map((column) => column.take(length)) };
  }
}

function writerFor(field: Field<unknown>): ColumnWriter {
  const kind = KINDS[field.kind];
  const writer = kind.writer(field);
  return field.optional ? new OptionalWriter(writer, kind.blank(field)) : writer;
}
