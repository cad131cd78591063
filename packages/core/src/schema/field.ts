import type { Scale } from "../values/histogram.js";
import type { Unit } from "./unit.js";

/** The kinds of fields. Each kind has its file in `kinds`. */
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
  | "name"
  | "stack";

/** A field whose value in a row is a `T`. */
export interface Field<T> {
  readonly kind: Kind;
  /** What the field means, in a sentence. */
  readonly doc: string;
  /** The unit of a number, or of the values that a histogram counts. */
  readonly unit?: Unit;
  /** Of a choice: its texts, by number. */
  readonly choices?: readonly string[];
  /** Of a stack: whose it is. */
  readonly space?: "kernel" | "user";
  /** Of a histogram: its buckets. */
  readonly scale?: Scale;
  /** Of a number in a table: how the values of different processors are merged. They are added by default. */
  readonly merge?: "greatest" | "least";
  /** Of a name: the field with the id that it is found by. */
  readonly of?: string;
  /** Of a name, while its stream runs: finds it. It gives the same text for an id until the event loop turns. */
  readonly find?: (id: number) => string | undefined;
  /** Set if no program writes it: this process adds it to some rows. */
  readonly optional?: true;
  /** Never set; carries the type for the type checker. */
  readonly value?: T;
}

/** The fields of an event or a row by name, in order. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** Makes the function that describes a field of a kind without further properties. */
export const field =
  <T>(kind: Kind) =>
  (doc: string): Field<T> => ({ kind, doc });
