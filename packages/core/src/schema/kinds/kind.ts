import type { ColumnWriter } from "../column-writers.js";
import type { Field } from "../field.js";
import type { Memory, Place } from "../record.js";

/**
 * A kind of field: how it stands in a record, in a row, in a column, in a line of JSON and in a file. What reads records is
 * generated source: at hand there are `p`, where the record begins in bytes, `w`, the same in words of four bytes, its memory as
 * `u8`, `u16`, `u32` and `i32`, and the kind's own `reader` as `read.<kind>`. All that enters it is numbers.
 */
export interface FieldKind {
  /** The value in an event that says nothing of it. */
  readonly blank: (field: Field<unknown>) => unknown;
  /** How programs write it; undefined where none does. */
  readonly recorded?: RecordForm;
  /** Makes what gathers its values. */
  readonly writer: (field: Field<unknown>) => ColumnWriter;
  /** How a file has it. */
  readonly stored: Stored;
  /** Makes what a file has into what a row has; undefined where they are the same. */
  readonly fromFile?: (field: Field<unknown>) => (stored: never) => unknown;
  /** Whether a file gives this value back as it was. */
  readonly fits: (value: unknown, field: Field<unknown>) => boolean;
}

/** The member of a struct that a program writes. */
export interface RecordForm {
  readonly member: "number" | "array" | "text";
  /** In bytes; undefined where that is the program's choice. */
  readonly size?: number;
  readonly signed?: true;
  /** It must stand at a multiple of so many bytes. */
  readonly align: (size: number) => number;
  /** The source of its value in a row. `index` is its place's among `places`, and its choices' among `choices`. */
  readonly row: (place: Place, index: number) => string;
  /** The function that the source has as `read.<kind>`. */
  readonly reader?: (memory: Memory, unixOffsetNs: bigint) => (...args: never[]) => unknown;
  /** The source that puts it into the column `c`, as the value at `at`; undefined where it is only in tables. */
  readonly copy?: (place: Place, c: string) => string;
  readonly json?: JsonForm;
}

/** How a line of JSON has it, where that is not what JSON has for the row's value. */
export interface JsonForm {
  /** The source of what writes it into `out` at `at`, and gives where it ends. `value` is the source of the row's. */
  readonly write: (place: Place, value: string) => string;
  /** Bytes that it takes at most, beside what follows. */
  readonly most?: (place: Place) => number;
  /** Bytes at most for each byte of the text that it points to. */
  readonly mostPerByte?: number;
  /** Whether it is whole words of its record, and nothing else of it. */
  readonly inWords?: true;
}

/** How files hold values: a list by what its items are, a moment in nanoseconds of Unix time. */
export type Stored = Plain | "choice" | { readonly list: "string" | "u64" };
type Plain = "u8" | "u16" | "u32" | "i32" | "u64" | "i64" | "f64" | "bool" | "moment" | "string" | "bytes";

/** The longest escape in JSON of one byte of a text. */
export const ESCAPE = 6;

/** Source of the words of a place, and of where a text that it points to begins and how long it is. */
export const word = ({ offset }: Place): string => `w + ${offset >>> 2}`;
export const at = ({ offset }: Place): string => `p + ${offset}`;
export const textAt = ({ offset }: Place): string => `p + u16[(p + ${offset}) >>> 1], u16[(p + ${offset + 2}) >>> 1]`;
