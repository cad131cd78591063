import { type Column, column, type Fields, printable, type Schema } from "@rxbpf/core";

import { jsonText } from "./json-text.js";

export type Row = Readonly<Record<string, unknown>>;

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
    const widths = values.map((value) => Math.min(printable(shown(value)).length, WIDEST));
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

function shown(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : jsonText(value);
}
