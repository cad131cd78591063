import type { EventStream, Fields, RowOf, Schema, Table } from "@rxbpf/core";
import type { Constant, SideRecords, TableShape } from "@rxbpf/core/bpf";
import { type Column, time, type Unit } from "@rxbpf/core/events";
import type { SetFilters } from "@rxbpf/filters";

import type { TableText } from "./table-text.js";

/** What all outputs of a probe say. `V` are the values of the probe's options, `R` a row: an event, or one of a table. */
interface Described<V, R> {
  /** What it gives, in a few words, for `--help`; of an output that is not the main one. */
  readonly help?: string;
  /** The letter of the flag that asks for it. */
  readonly short?: string;
  /** What must hold between options, for this output. @throws UsageError */
  check?(options: V): void;
  /** The constants that make the program give it. */
  readonly constants?: Readonly<Record<string, Constant>>;
  /** A line that comes before the text. */
  readonly banner?: string;
  /** The columns of the text table, made anew for each. */
  columns(options: V): readonly (Column<R> | undefined | false)[];
}

/** Records of a ring, as events. */
export interface RingOutput<V, R, E> extends Described<V, E> {
  readonly kind: "ring";
  readonly map: string;
  readonly schema: Schema<Fields>;
  /** What the kernel cannot decide or know, made anew for each subscription; undefined if nothing. */
  mapEvents?(options: V): EventMapping<R, E> | undefined;
  /** Events of before whose effect lasts, of what the options narrow it to: see `StreamInfo.already`. */
  readonly already?: (options: V & SetFilters) => readonly E[];
  /** Which recorded events a live run with these options would have given, beside what options choose. */
  recorded?(options: V): (event: E) => boolean;
  /** The size of the ring in bytes, where an option of the probe sets it. */
  ringBytes?(options: V): number | undefined;
}

/** What becomes of events in user space. */
export interface EventMapping<R, E> {
  /** An event as it is delivered; undefined leaves it out. */
  readonly event: (row: R) => E | undefined;
  /** What the program tells beside its events. */
  readonly side?: SideRecords;
}

/** Entries of a map, as tables. */
export interface TableOutput<V, R> extends Described<V, R> {
  readonly kind: "table";
  readonly map: string;
  readonly shape: TableShape;
  /** The fields of a row: when its table was taken, and those of key and value. */
  readonly schema: Schema<Fields>;
  /** The units of fields that the options change, by name. */
  units?(options: V): Readonly<Record<string, Unit>> | undefined;
  /** Seconds from one table to the next where it is not said; one at the end alone if not given. */
  readonly every?: number;
  /** How many rows of each table are shown as text where it is not said. */
  readonly rows?: number;
  /** Whether each table takes the place of the one before, on a terminal. */
  inPlace?(options: V): boolean;
  /** How rows are sorted. */
  order?(options: V): (a: R, b: R) => number;
  /** What becomes of a row in user space; undefined leaves it out. Made anew for each subscription. */
  mapRows?(options: V): (row: R) => R | undefined;
  /** Whether each processor has values of its own, of so few keys that many would meet. */
  perCpu?(options: V): boolean;
  /** How many keys there may be. */
  entries?(options: V): number | undefined;
  /** How many different stacks there may be. */
  stackEntries?(options: V): number | undefined;
  /** The line that stands above each table, where the time of day is not asked for. */
  heading?(options: V): ((table: Table<R>) => string) | undefined;
  /** How a table is written, where it is no text table: histograms, stacks. */
  text?(options: V): TableText<R>;
}

/** Options, or rows, of whatever probe. They are checked where a probe is defined, and the probe is typed by them. */
// oxlint-disable-next-line no-explicit-any
export type Whatever = any;

/** One thing that a probe gives: events from a ring, or a table from a map. */
export type Output<V = Whatever, R = Whatever> = RingOutput<V, Whatever, R> | TableOutput<V, R>;
/** Outputs by name, of which no more is said here: TypeScript would take types of rows from it. */
export type Outputs = Readonly<Record<string, { readonly kind: Output<never>["kind"] }>>;

/** What an output's stream gives. */
export type Given<T> =
  T extends RingOutput<Whatever, Whatever, infer E> ? E : T extends TableOutput<Whatever, infer R> ? Table<R> : never;
export type StreamOf<T> = EventStream<Given<T>>;

type RowsOf<K extends Fields, W extends Fields> = RowOf<{ readonly time: ReturnType<typeof time> } & K & W>;

/** What makes outputs for the options of one probe. */
export interface OutputMakers<V> {
  /** The records of the ring `events`, or of another. */
  readonly ring: <F extends Fields>(
    schema: Schema<F>,
    description: Omit<RingOutput<V, RowOf<F>, RowOf<F>>, "kind" | "schema" | "map"> & { readonly map?: string },
  ) => RingOutput<V, RowOf<F>, RowOf<F>>;
  /** The entries of the map, or the two maps, that `TABLE` of bpf/include/table.bpf.h made under a name. */
  readonly table: <K extends Fields, W extends Fields>(
    map: string,
    description: Omit<TableOutput<V, RowsOf<K, W>>, "kind" | "schema" | "map" | "shape"> & {
      readonly key: K;
      readonly value: W;
      readonly keep?: boolean;
    },
  ) => TableOutput<V, RowsOf<K, W>>;
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
