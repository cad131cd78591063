import { copier } from "./column-copy.js";
import type { Columns, Records } from "./column-data.js";
import { type ColumnWriter, OptionalWriter } from "./column-writers.js";
import type { Field, Fields } from "./field.js";
import { KINDS } from "./kinds.js";
import type { Schema } from "./schema.js";

/** Gathers the events of a schema in columns: from records without making objects, or from rows. */
export class ColumnBuilder {
  readonly #names: readonly string[];
  readonly #columns: readonly ColumnWriter[];
  /** The columns of fields that records have, and those of fields that they have not. */
  readonly #recorded: readonly ColumnWriter[];
  readonly #optional: readonly OptionalWriter[];
  #copy: ReturnType<typeof copier> | undefined;
  #memory: Records["memory"] | undefined;
  #length = 0;

  constructor(schema: Schema<Fields>) {
    this.#names = Object.keys(schema.fields);
    this.#columns = Object.values(schema.fields).map(writerFor);
    this.#optional = this.#columns.filter((column) => column instanceof OptionalWriter);
    this.#recorded = this.#columns.filter((column) => !(column instanceof OptionalWriter));
  }

  /** Events gathered since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.bytes(this.#length), 0);
  }

  /** Records of one layout, whose fields are those of the schema in their order, but for optional ones. */
  appendRecords(records: Records): void {
    const { memory, positions, count } = records;
    const at = this.#length;
    if (!this.#copy || this.#memory !== memory) this.#copy = copier(records);
    this.#memory = memory;
    this.#copy(
      positions,
      count,
      at,
      this.#recorded.map((column) => column.target(at, count)),
    );
    for (const column of this.#optional) column.absent(at, count);
    this.#length += count;
  }

  /** Appends one row, by the names of its fields. */
  appendRow(row: Readonly<Record<string, unknown>>): void {
    for (let i = 0; i < this.#names.length; i++) this.#columns[i]!.value(row[this.#names[i]!], this.#length);
    this.#length++;
  }

  /** Hands over what was gathered, and starts anew in the same memory: it is valid until the next event is. */
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
