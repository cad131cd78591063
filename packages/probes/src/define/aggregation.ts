import {
  type Column,
  type Counter,
  type EventStream,
  type Fields,
  type Knob,
  type RowOf,
  type Schema,
  time,
} from "@rxbpf/core";

import { integer, type Option } from "./options.js";

/** Something that a probe can count in the kernel instead of reporting each event. */
export interface Aggregation<R = never> {
  /** What it counts, in a few words, for `--help`. */
  readonly help: string;
  /** The one-letter flag. */
  readonly short?: string;
  readonly counter: Counter;
  /** The fields of a row: those of key and value. */
  readonly schema: Schema<Fields>;
  /** The switches that make the program count. */
  readonly knobs: Readonly<Record<string, Knob>>;
  /** What must hold between options. @throws UsageError */
  readonly check?: (options: Readonly<Record<string, unknown>>) => void;
  /** How the rows of a table are sorted. */
  readonly order: (a: R, b: R) => number;
  readonly columns: readonly Column<R>[];
}

export type Aggregations = Readonly<Record<string, Aggregation>>;

/** The option that every aggregation has besides those of its probe. */
export const interval: Option<number> = integer("show a table every SECONDS, of what was counted since the last", {
  value: "SECONDS",
  min: 1,
  max: 2_147_483, // what a timer can wait for
});

/** The streams of tables that a probe has for its aggregations: `tcpconnect.count({ interval: 1 })`. */
export type AggregationStreams<A extends Aggregations, O> = {
  readonly [K in keyof A]: (
    options?: O & {
      /** Seconds between tables, which then count what came since the last; without it one table comes at the end. */
      readonly interval?: number;
    },
  ) => EventStream<readonly RowIn<A[K]>[]>;
};

type RowIn<T> = T extends Aggregation<infer R> ? R : never;

/** Describes an aggregation by its key and its value. */
export function aggregation<K extends Fields, V extends Fields>(description: {
  readonly help: string;
  readonly short?: string;
  readonly key: Schema<K>;
  readonly value: Schema<V>;
  readonly knobs: Readonly<Record<string, Knob>>;
  readonly check?: (options: Readonly<Record<string, unknown>>) => void;
  readonly order: (a: RowOf<K & V>, b: RowOf<K & V>) => number;
  readonly columns: readonly Column<RowOf<K & V>>[];
}): Aggregation<RowOf<K & V> & { readonly time: number }> {
  const { key, value, ...rest } = description;
  return {
    ...rest,
    counter: { key, value },
    schema: { struct: key.struct, fields: { time: time("when the table was taken"), ...key.fields, ...value.fields } },
  };
}
