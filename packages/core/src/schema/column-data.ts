import type { Layout, Memory } from "./record.js";

/** The values of one field for many events, as Arrow lays them out. */
export type ColumnData =
  | { readonly type: "numbers"; readonly values: NumberArray }
  /** One bit per value, from the lowest bit of the first byte on. */
  | { readonly type: "bits"; readonly values: Uint8Array }
  | Strings
  /** The list at `i` has the items from `lists[i]` to `lists[i + 1]`. */
  | { readonly type: "lists"; readonly lists: Int32Array; readonly items: Strings | BigUint64Array };

/** The value at `i` is `bytes` from `offsets[i]` to `offsets[i + 1]`. For text fields they are UTF-8. */
export interface Strings {
  readonly type: "strings";
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/** The numbers of a column, all of one size. */
export type NumberArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array
  | Float64Array;

/** Which values of an optional field are present: one bit per value, as in a column of bits. */
export interface Presence {
  readonly bits: Uint8Array;
  readonly absent: number;
}

/** A column. If its field is optional, `presence` tells which values are present. */
export type Column = ColumnData & { readonly presence?: Presence };

/** Events gathered in columns. Valid until their builder gathers more. */
export interface Columns {
  readonly length: number;
  /** The columns in the order of the schema's fields. */
  readonly columns: readonly Column[];
}

/** How records lie in a piece of memory. */
export interface InMemory {
  readonly layout: Layout;
  /** The memory, seen as numbers of each width. */
  readonly memory: Memory;
  /** What to add to the clock of events, CLOCK_BOOTTIME, to get Unix time. */
  readonly unixOffsetNs: bigint;
}

/** The records of one batch, in place in memory. */
export interface Records extends InMemory {
  /** The position of each record, in bytes from the start of the memory. */
  readonly positions: Int32Array;
  readonly count: number;
}
