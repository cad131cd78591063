import type { EventStream, Fields, Histogram, RowOf, Schema, Table } from "@rxbpf/core";
import type { Constant, SideRecords, TableShape } from "@rxbpf/core/bpf";
import { type Column, type ShownName, time, type Unit } from "@rxbpf/core/events";
import type { SetFilters } from "@rxbpf/filters";

import type { TableText } from "./table-text.js";

/** Which names of cgroups the options ask for. Not every output has the option. */
export interface Shown {
  readonly show?: readonly ShownName[] | undefined;
}

/** What every output of a probe defines. `V` are the values of the probe's options, `R` is a row: an event, or a row of a table. */
interface Described<V, R> {
  /** What it gives, in a few words, for `--help`; for an output that is not the main one. */
  readonly help?: string;
  /** The letter of the flag that asks for it. */
  readonly short?: string;
  /** Checks options against each other, for this output. @throws UsageError */
  check?(options: V): void;
  /** The constants that make the program produce it. */
  readonly constants?: Readonly<Record<string, Constant>>;
  /** A line to print before the text. */
  readonly banner?: string;
  /** The columns of the text table; made anew for each table. */
  columns(options: V): readonly (Column<R> | undefined | false)[];
}

/** Records of a ring, as events. */
export interface RingOutput<V, R, E> extends Described<V, E> {
  readonly kind: "ring";
  readonly map: string;
  readonly schema: Schema<Fields>;
  /** Adds or decides what the kernel cannot; made anew for each subscription. Undefined if there is nothing to do. */
  mapEvents?(options: V): EventMapping<R, E> | undefined;
  /** Earlier events whose effect lasts, within what the options select: see `StreamInfo.already`. */
  readonly already?: (options: V & SetFilters) => readonly E[];
  /** Which recorded events a live run with these options would have given, besides what the options select. */
  recorded?(options: V): (event: E) => boolean;
  /** The size of the ring in bytes, if an option of the probe sets it. */
  ringBytes?(options: V): number | undefined;
}

/** What user space does with events. */
export interface EventMapping<R, E> {
  /** Returns the event to deliver; undefined drops it. */
  readonly event: (row: R) => E | undefined;
  /** What the program reports besides its events. */
  readonly side?: SideRecords;
}

/** The records of a program, of which rows are `C`s. */
interface Records<C> extends Schema<Fields> {
  /** Never set; carries the type for the type checker. */
  readonly row?: C;
}

/** Entries of a map, as tables. `C` is what is counted. */
export interface TableOutput<V, R, C = unknown> extends Described<V, R> {
  readonly kind: "table";
  /** The records that the program makes before it counts, if it does; conditions can test them. */
  readonly record?: Records<C>;
  readonly map: string;
  readonly shape: TableShape;
  /** The fields of a row: the time of its table, and the fields of key and value. */
  readonly schema: Schema<Fields>;
  /** Options of which one must be given for its rows to belong to processes; without any they always do, or never. */
  readonly ofProcessWith?: readonly (keyof V & string)[];
  /** The units of fields that the options change, by name. */
  units?(options: V): Readonly<Record<string, Unit>> | undefined;
  /** The default interval between tables in seconds; without it, one table at the end. */
  readonly every?: number;
  /** The default number of rows that text shows of each table. */
  readonly rows?: number;
  /** Whether each table replaces the one before, on a terminal. */
  inPlace?(options: V): boolean;
  /** How rows are sorted. */
  order?(options: V): (a: R, b: R) => number;
  /** Returns the row to deliver; undefined drops it. Made anew for each subscription. */
  mapRows?(options: V): (row: R) => R | undefined;
  /** Whether each CPU has values of its own: for so few keys that CPUs would contend for them. */
  perCpu?(options: V): boolean;
  /** The maximum number of keys. */
  entries?(options: V): number | undefined;
  /** The maximum number of different stacks. */
  stackEntries?(options: V): number | undefined;
  /** The line above each table, unless the time of day was asked for. */
  heading?(options: V): ((table: Table<R>) => string) | undefined;
  /** How to write a table that is not rows of text: histograms, stacks. */
  text?(options: V & Shown): TableText<R>;
  /** Divides a table into parts, each with columns of its own, if not all rows have the same. */
  parts?(options: V & Shown): (table: Table<R>) => readonly PartOf<R>[];
  /** The histogram of a row, if options ask for a heat map of them all. */
  heatMap?(options: V): ((row: R) => Histogram) | undefined;
}

/** Rows of a table that have the same columns. */
interface PartOf<R> {
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
}

/** Options, or rows, of any probe. They are checked where a probe is defined, and give the probe its type. */
// oxlint-disable-next-line no-explicit-any
export type Whatever = any;

/** One thing that a probe gives: events from a ring, or a table from a map. */
export type Output<V = Whatever, R = Whatever> = RingOutput<V, Whatever, R> | TableOutput<V, R>;
/** Outputs by name. The type says no more, because TypeScript would infer the types of rows from it. */
export type Outputs = Readonly<Record<string, { readonly kind: Output<never>["kind"] }>>;

/** The values of an output's stream. */
export type Given<T> =
  T extends RingOutput<Whatever, Whatever, infer E> ? E : T extends TableOutput<Whatever, infer R> ? Table<R> : never;
export type StreamOf<T> = EventStream<Given<T>, Tested<T>>;
/** What a condition on that stream tests. */
type Tested<T> =
  T extends RingOutput<Whatever, Whatever, infer E>
    ? E
    : T extends TableOutput<Whatever, Whatever, infer C>
      ? C
      : never;

type RowsOf<K extends Fields, W extends Fields> = RowOf<{ readonly time: ReturnType<typeof time> } & K & W>;

/** Makes the outputs of one probe, typed by its options. */
export interface OutputMakers<V> {
  /** The records of the ring `events`, or of another. */
  readonly ring: <F extends Fields>(
    schema: Schema<F>,
    description: Omit<RingOutput<V, RowOf<F>, RowOf<F>>, "kind" | "schema" | "map"> & { readonly map?: string },
  ) => RingOutput<V, RowOf<F>, RowOf<F>>;
  /** The entries of the map, or the two maps, that `TABLE` of bpf/include/table.bpf.h made under a name. */
  readonly table: <K extends Fields, W extends Fields, C extends Fields = never>(
    map: string,
    description: Omit<TableOutput<V, RowsOf<K, W>>, "kind" | "schema" | "map" | "shape" | "record"> & {
      readonly key: K;
      readonly value: W;
      readonly keep?: boolean;
      readonly record?: Schema<C>;
    },
  ) => TableOutput<V, RowsOf<K, W>, [C] extends [never] ? unknown : RowOf<C>>;
}

export function outputMakers<V>(): OutputMakers<V> {
  return {
    ring: (schema, { map = "events", ...rest }) => ({ kind: "ring", map, schema, ...rest }),
    table: (map, { key, value, keep, ...rest }) => ({
      kind: "table",
      map,
      shape: { key, value, ...(keep && { keep }) },
      schema: { struct: map, fields: { time: time("when the table was taken"), ...key, ...value } },
      ...rest,
    }),
  };
}
