import type { ColumnWriter } from "../column-writers.js";
import type { Field } from "../field.js";
import type { Memory, Place } from "../record.js";

/**
 * A kind of field: its form in a record, a row, a column, a line of JSON and a file. Records are read by generated
 * source. It can use `p`, the record's start in bytes, `w`, the same in words of four bytes, the memory as `u8`, `u16`,
 * `u32` and `i32`, and the kind's own `reader` as `read.<kind>`, and the layout's `places`. Only numbers are inserted into it.
 */
export interface FieldKind {
  /** The value of a sample event that does not set the field. */
  readonly blank: (field: Field<unknown>) => unknown;
  /** How programs write it; undefined if none does. */
  readonly recorded?: RecordForm;
  /** Makes a writer that gathers its values in a column. */
  readonly writer: (field: Field<unknown>) => ColumnWriter;
  /** Its form in a file. */
  readonly stored: Stored;
  /** Makes a function that converts a file's value into a row's; undefined if they are the same. */
  readonly fromFile?: (field: Field<unknown>) => (stored: never) => unknown;
  /** Whether a file keeps this value exactly. */
  readonly fits: (value: unknown, field: Field<unknown>) => boolean;
}

/** The member of a struct that a program writes. */
export interface RecordForm {
  readonly member: "number" | "array" | "text";
  /** Its size in bytes; undefined if the program chooses it. */
  readonly size?: number;
  readonly signed?: true;
  /** The alignment that it needs, in bytes. */
  readonly align: (size: number) => number;
  /** The source of its value in a row. `index` is that of its place in `places` and of its choices in `choices`. */
  readonly row: (place: Place, index: number) => string;
  /** Makes the function that the source calls as `read.<kind>`. */
  readonly reader?: (memory: Memory, unixOffsetNs: bigint) => (...args: never[]) => unknown;
  /** The source that copies it to the column `c` as the value at `at`; undefined if it occurs only in tables. */
  readonly copy?: (place: Place, c: string, index: number) => string;
  readonly json?: JsonForm;
}

/** Its form in a line of JSON, if that is not the JSON of the row's value. */
export interface JsonForm {
  /** The source that writes it to `out` at `at` and returns where it ends. `value` is the source of the row's value. */
  readonly write: (place: Place, value: string) => string;
  /** The most bytes that it takes, besides those of `mostPerByte`. */
  readonly most?: (place: Place) => number;
  /** The most bytes for each byte of the text that it points to. */
  readonly mostPerByte?: number;
  /** Whether it consists of whole words of its record and nothing else. */
  readonly inWords?: true;
  /** Whether it can be absent. Then `write` is the source of its text, or undefined. */
  readonly absent?: true;
}

/** The types of values in files. A list is given by the type of its items; a moment is in nanoseconds of Unix time. */
export type Stored = Plain | "choice" | { readonly list: "string" | "u64" };
type Plain = "u8" | "u16" | "u32" | "i32" | "u64" | "i64" | "f64" | "bool" | "moment" | "string" | "bytes";

/** The length of the longest JSON escape of one byte of a text. */
export const ESCAPE = 6;

/** The source of the index of a place's word, and of the start and the length of the text that it points to. */
export const word = ({ offset }: Place): string => `w + ${offset >>> 2}`;
export const at = ({ offset }: Place): string => `p + ${offset}`;
export const textAt = ({ offset }: Place): string => `p + u16[(p + ${offset}) >>> 1], u16[(p + ${offset + 2}) >>> 1]`;
