import type { Scale } from "../values/histogram.js";
import type { Unit } from "./unit.js";

/** What a field of an event is. Each kind has its file in `kinds`. */
export type Kind =
  | "time"
  | "bool"
  | "u8"
  | "u16"
  | "u32"
  | "i32"
  | "u64"
  | "i64"
  | "f64"
  | "choice"
  | "address"
  | "chars"
  | "text"
  | "texts"
  | "bytes"
  | "json"
  | "histogram"
  | "stack";

/** A field whose value in a row is a `T`. */
export interface Field<T> {
  readonly kind: Kind;
  /** What the field tells, in a sentence. */
  readonly doc: string;
  /** Of a number, or of what a histogram counts: in what it is measured. */
  readonly unit?: Unit;
  /** Of a choice: what it may be, by number. */
  readonly choices?: readonly string[];
  /** Of a stack. */
  readonly space?: "kernel" | "user";
  /** Of a histogram. */
  readonly scale?: Scale;
  /** Of a number in a table: what becomes of the values that processors have of it. They are added if not given. */
  readonly merge?: "greatest" | "least";
  /** No program writes it: it is added in this process, to some rows. */
  readonly optional?: true;
  /** Only for the type checker: never set. */
  readonly value?: T;
}

/** The fields of an event, or of a row, by name, in their order. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** Makes the function that describes a field of a kind which is nothing but its kind. */
export const field =
  <T>(kind: Kind) =>
  (doc: string): Field<T> => ({ kind, doc });
