import {
  type Column,
  column,
  type Fields,
  originOf,
  printable,
  Printed,
  printableJson,
  type Schema,
} from "@rxbpf/core";
import type { Observable } from "rxjs";

import { jsonText } from "./json-text.js";

export type Row = Readonly<Record<string, unknown>>;

/**
 * Tells, for a sink, whether an event is a table: an array of rows. An empty one is what the event before it
 * was; the first is a table where those of the stream are that it came from.
 */
export function tableTest(source: Observable<unknown>): (event: unknown) => event is readonly Row[] {
  let wasTable = originOf(source)?.info.tables === true;
  return (event): event is readonly Row[] => {
    if (Array.isArray(event) && event.length === 0) return wasTable;
    wasTable = Array.isArray(event) && event.every(isRow);
    return wasTable;
  };
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** An event as a row: what is none becomes one with a `value`. */
export function asRow(event: unknown): Row {
  return isRow(event) ? event : { value: event };
}

/** Text is padded so far at most: one hostile name should not widen all rows. */
const WIDEST = 40;

/** Columns for the rows of a table: its keys, as wide as what is in them, numbers to the right. */
export function columnsFor(rows: readonly Row[]): readonly Column<Row>[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names.map((name, i) => {
    const title = name.toUpperCase();
    const values = rows.map((row) => row[name]);
    const widths = values.map((value) => Math.min(String(shown(value)).length, WIDEST));
    const width = widths.reduce((widest, one) => Math.max(widest, one), title.length);
    const right = values.every((value) => value === undefined || NUMERIC.has(typeof value));
    const last = i === names.length - 1;
    const format = right ? `%${width}s` : last ? "%s" : `%-${width}s`;
    return column<Row>(title, last ? format : `${format} `, (row) => shown(row[name]));
  });
}

const NUMERIC: ReadonlySet<string> = new Set(["number", "bigint"]);

/** A column for each field; who knows the probe has better ones. */
export function columnsOf({ fields }: Schema<Fields>): readonly Column<unknown>[] {
  return Object.keys(fields).map((name) =>
    column<Row>(name.toUpperCase(), "%s ", (row) => shown(row[name])),
  ) as readonly Column<unknown>[];
}

function shown(value: unknown): Printed {
  return new Printed(
    value === undefined ? "" : typeof value === "string" ? printable(value) : printableJson(jsonText(value)),
  );
}
