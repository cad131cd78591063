import { type ColumnWriter, OptionalWriter, writerFor } from "./column-writers.js";
import type { Layout } from "./layout.js";
import type { Memory } from "./rows.js";
import type { Fields, Schema } from "./schema.js";

/** The values of one field for many events, as Arrow lays them out. */
export type ColumnData =
  | { readonly type: "numbers"; readonly values: NumberArray }
  /** One bit a value, from the lowest bit of the first byte. */
  | { readonly type: "bits"; readonly values: Uint8Array }
  | Strings
  /** The list at `i` is the strings from `lists[i]` to `lists[i + 1]`. */
  | { readonly type: "lists"; readonly lists: Int32Array; readonly strings: Strings };

/** The value at `i` is `bytes` from `offsets[i]` to `offsets[i + 1]`. Of text fields they are UTF-8. */
export interface Strings {
  readonly type: "strings";
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

export type NumberArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array
  | Float64Array;

/** Which values of an optional field are there: one bit a value, as in a column of bits. */
export interface Presence {
  readonly bits: Uint8Array;
  readonly absent: number;
}

/** A column; where the field is optional, with which of its values are there. */
export type Column = ColumnData & { readonly presence?: Presence };

/** Events that were gathered in columns. The arrays are the taker's own. */
export interface Columns {
  readonly length: number;
  /** In the order of the schema's fields. */
  readonly columns: readonly Column[];
}

/** Records of one batch, where they stand in memory. */
export interface Records {
  readonly layout: Layout;
  readonly memory: Memory;
  /** Of each record, in bytes from the start of the memory. */
  readonly positions: Int32Array;
  readonly count: number;
  /** What to add to CLOCK_MONOTONIC to get Unix time. */
  readonly unixOffsetNs: bigint;
}

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

  /** Hands over what was gathered, and starts anew. */
  take(): Columns {
    const taken = { length: this.#length, columns: this.#columns.map((column) => column.take()) };
    this.#length = 0;
    return taken;
  }
}
