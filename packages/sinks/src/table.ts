import { type Fields, printable, printableJson, type Schema } from "@rxbpf/core";
import { type Column, column, Printed } from "@rxbpf/core/events";

import { jsonText } from "./json-text.js";

export type Row = Readonly<Record<string, unknown>>;

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** An event as a row. A value that is no row becomes one with the field `value`. */
export function asRow(event: unknown): Row {
  return isRow(event) ? event : { value: event };
}

/** The widest padding of text, so that one hostile name does not widen all rows. */
const WIDEST = 40;

/** Columns for the rows of a table: one for each key, as wide as its content, with numbers aligned right. */
export function columnsFor(rows: readonly Row[]): readonly Column<Row>[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names.map((name, i) => {
    const title = name.toUpperCase();
    const values = rows.map((row) => row[name]);
    const shown = name === "time" && values.every(isTime) ? timeText(values as number[]) : cellText;
    const widths = values.map((value) => Math.min(String(shown(value)).length, WIDEST));
    const width = widths.reduce((widest, one) => Math.max(widest, one), title.length);
    const numeric = values.every((value) => value === undefined || NUMERIC.has(typeof value));
    const right = numeric && shown === cellText;
    const last = i === names.length - 1;
    const format = right ? `%${width}s` : last ? "%s" : `%-${width}s`;
    return {
      ...column<Row>(title, last ? format : `${format} `, (row) => shown(row[name])),
      numeric,
      value: (row: Row) => row[name],
    };
  });
}

/** Whether a value looks like Unix milliseconds of the years 2001 to 2286, which hardly any count reaches. */
function isTime(value: unknown): boolean {
  return typeof value === "number" && value >= 1e12 && value < 1e13;
}

/** Formats times in the local zone, with the date if they span several days or are not of today. */
function timeText(times: readonly number[]): (value: unknown) => string | Printed {
  const withDay = [...times, Date.now()].some((time) => dayOf(time) !== dayOf(times[0]!));
  return withDay ? momentText : (value) => clockOf(Number(value));
}

function momentText(time: unknown): string | Printed {
  return typeof time === "number" ? `${dayOf(time)} ${clockOf(time)}` : cellText(time);
}

/** As `2025-12-31`, in local time. */
function dayOf(time: number): string {
  return new Date(time).toLocaleDateString("sv");
}

/** As `23:59:59.999`, in local time. */
function clockOf(time: number): string {
  const date = new Date(time);
  return `${date.toLocaleTimeString("sv")}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

const NUMERIC: ReadonlySet<string> = new Set(["number", "bigint"]);

/** A plain column for each field, for a stream whose probe is unknown and has no columns of its own. */
export function columnsOf({ fields }: Schema<Fields>): readonly Column<unknown>[] {
  return Object.entries(fields).map(([name, { kind }]) => {
    const shown = kind === "time" ? momentText : cellText;
    return column<Row>(name.toUpperCase(), "%s ", (row) => shown(row[name]));
  }) as readonly Column<unknown>[];
}

function cellText(value: unknown): Printed {
  return new Printed(
    value === undefined ? "" : typeof value === "string" ? printable(value) : printableJson(jsonText(value)),
  );
}
