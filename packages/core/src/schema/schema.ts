import type { Histogram, Scale } from "../values/histogram.js";
import type { Unit } from "./unit.js";
import type { Frame } from "../values/frame.js";

/**
 * A schema gives the fields of an event their names, meaning and types. Where a field
 * stands in a record is not said here: that is read from the compiled program.
 */

/** What a field of an event is; the last two only occur in fields that are added in this process. */
export type Kind = RecordKind | "f64" | "json";

/** What the bytes of a field of a record mean. */
export type RecordKind =
  | "time"
  | "bool"
  | "u8"
  | "u16"
  | "u32"
  | "i32"
  | "u64"
  | "i64"
  | "choice"
  | "chars"
  | "address"
  | "text"
  | "texts"
  | "bytes"
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

/** Fields by name, in the order in which they are shown. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The fields of one struct of a program. */
export interface Schema<F extends Fields = Fields> {
  /** The struct's name in C. */
  readonly struct: string;
  readonly fields: F;
}

/** The row that a schema describes. */
export type EventOf<S> = S extends Schema<infer F> ? RowOf<F> : never;
/** A row with these fields. */
export type RowOf<F extends Fields> = Flat<
  { readonly [K in keyof F as F[K] extends Added ? never : K]: ValueOf<F[K]> } & {
    readonly [K in keyof F as F[K] extends Added ? K : never]?: ValueOf<F[K]>;
  }
>;
type Added = { readonly optional: true };
type ValueOf<F> = F extends Field<infer T> ? T : never;
type Flat<T> = { [K in keyof T]: T[K] };

/** Describes the struct `struct` of a program. A field `cgroupId` is the C member `cgroup_id`. */
export function schema<F extends Fields>(struct: string, fields: F): Schema<F> {
  return { struct, fields };
}

/**
 * An event that a schema describes, for tests: with these values, and 0, false or empty in all other fields that no
 * event is without. `sampleEvent(openEvent, { comm: "cat", ret: -2 })`
 */
export function sampleEvent<F extends Fields>(schema: Schema<F>, values: Partial<RowOf<F>> = {}): RowOf<F> {
  const blank = Object.entries(schema.fields)
    .filter(([, { optional }]) => !optional)
    .map(([name, { kind, choices }]) => [name, choices?.[0] ?? BLANK[kind] ?? 0]);
  return { ...Object.fromEntries(blank), ...values } as RowOf<F>;
}

const BLANK: Partial<Record<Kind, unknown>> = {
  bool: false,
  address: "::",
  chars: "",
  text: "",
  texts: [],
  bytes: new Uint8Array(),
};

const field =
  <T>(kind: Kind) =>
  (doc: string): Field<T> => ({ kind, doc });

/** A moment: in C a `__u64` of CLOCK_BOOTTIME nanoseconds, in a row Unix milliseconds with a fraction. */
export const time: (doc: string) => Field<number> = field("time");
/** In C a `__u8`. */
export const bool: (doc: string) => Field<boolean> = field("bool");
/** A `__u8`. */
export const u8: (doc: string) => Field<number> = field("u8");
/** A `__u16`. */
export const u16: (doc: string) => Field<number> = field("u16");
/** A `__u32`. */
export const u32: (doc: string) => Field<number> = field("u32");
/** A `__s32`. */
export const i32: (doc: string) => Field<number> = field("i32");
/** 64 bits whose values stay below 2^53; one that does not ends the stream with a RangeError. */
export const u64: (doc: string) => Field<number> = field("u64");
/** As `u64`, signed. */
export const i64: (doc: string) => Field<number> = field("i64");
/** In C a `__u8` that counts from 0 through `choices`; a number past them is an empty string. */
export function choice<const C extends readonly string[]>(doc: string, choices: C): Field<C[number]> {
  return { kind: "choice", doc, choices };
}
/** In C a `__u8[16]`: an IPv6 address, or an IPv4 one behind ::ffff:0:0/96; in a row the usual text of either. */
export const address: (doc: string) => Field<string> = field("address");
/** In C a `char[n]` that ends at its first NUL. */
export const chars: (doc: string) => Field<string> = field("chars");
/** In C a `struct text`. Bytes that are not UTF-8 are characters of their own: see `bytesOf`. */
export const text: (doc: string) => Field<string> = field("text");
/** In C a `struct text` whose parts each end with a NUL. */
export const texts: (doc: string) => Field<readonly string[]> = field("texts");
/** In C a `struct text` of bytes that are no text. */
export const bytes: (doc: string) => Field<Uint8Array> = field("bytes");

/** In C a `__u64[n]`: how many values fell into each of n parts of a scale. See `COUNT_LOG2` of bpf/include/table.bpf.h. */
export function histogramOf(doc: string, scale: Scale, unit?: Unit): Field<Histogram> {
  return { kind: "histogram", doc, scale, ...(unit && { unit }) };
}
/** In C a `__s32`: what `kernel_stack` of bpf/include/stack.bpf.h gave; only in a table. In a row the frames, the innermost first. */
export function kernelStack(doc: string): Field<readonly Frame[]> {
  return { kind: "stack", doc, space: "kernel" };
}
/** The same of `user_stack`, of the process that the row's `pid` names. */
export function userStack(doc: string): Field<readonly Frame[]> {
  return { kind: "stack", doc, space: "user" };
}
/** A number that is measured in a unit. */
export function measured(field: Field<number>, unit: Unit): Field<number> {
  return { ...field, unit };
}
/** The greatest value of all processors', in a table that each has of its own. */
export function greatest(field: Field<number>): Field<number> {
  return { ...field, merge: "greatest" };
}
/** The least value of all processors' that is not 0, which is no value yet. */
export function least(field: Field<number>): Field<number> {
  return { ...field, merge: "least" };
}

/** A number as JavaScript has it; only in an optional field. */
export const f64: (doc: string) => Field<number> = field("f64");
/** A field that no program writes, and that is added in this process to some rows. */
export function optional<T>(added: Field<T>): Field<T> & { readonly optional: true } {
  return { ...added, optional: true };
}

/**
 * Who caused an event, as `struct who` in bpf/include/event.bpf.h: the first fields of every event. All ids are the
 * machine's, those of its first pid, user and cgroup namespace, wherever the tracer runs.
 */
export const who = {
  time: time("when, in Unix milliseconds"),
  pid: u32("process id"),
  tid: u32("thread id"),
  ppid: u32("parent's process id"),
  execId: u64("which program in which process: another after each exec, and for each process that gets a pid again"),
  uid: u32("real user id"),
  comm: chars("name of the thread, at most 15 bytes"),
  cgroupId: u64("id of the process's cgroup in the v2 hierarchy"),
  mntnsId: u32("inode number of the process's mount namespace"),
  cpu: u16("processor that it ran on"),
} as const;
