import { inspect } from "node:util";

import { EventStream, harmless, HeatMap, Histogram, printable, Table } from "@rxbpf/core";
import { runs, originOf } from "@rxbpf/core/events";
import { textFormat } from "@rxbpf/sinks";
import { isObservable, NEVER, type Observable } from "rxjs";

import { hasColors } from "./colors.js";
import { fitting } from "./fit.js";
import type { Output } from "./output.js";
import { amount } from "./tally.js";
import { widthOf } from "./width.js";

/** The most rows of an array that are printed. */
const ROWS = 20;
/** The columns that a table that is too wide leaves out, in this order. */
const SPARE = ["execId", "mntnsId", "cgroupId", "ppid", "uid", "tid", "truncated"];

/**
 * A value as the prompt prints it: an array of rows as a table, a histogram or heat map as its picture, a stream by its name, other values as
 * Node does. The terminal interprets no escape sequences in it but our own colours.
 */
export function printed(value: unknown, output: Pick<Output, "isTTY" | "columns">): string {
  if (value instanceof Histogram) return value.picture(output.columns);
  if (value instanceof HeatMap) return value.picture(output.columns, { colors: hasColors(output) });
  if (isObservable(value)) return streamText(value);
  const rows: unknown = value instanceof Table ? value.rows : value;
  if (Array.isArray(rows) && rows.length > 0 && rows.every(isRow)) return tableText(rows, output.columns);
  return inspected(value, hasColors(output));
}

function isRow(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const made: unknown = Object.getPrototypeOf(value);
  return made === Object.prototype || made === null;
}

function streamText(stream: Observable<unknown>): string {
  const info = originOf(stream)?.info;
  if (!info) return "a stream, which starts when subscribed to";
  const running = runs().filter((one) => one.info === info);
  const state = running.length > 0 ? `attached as ${running.map(({ id }) => id).join(", ")}` : "not attached";
  const kind = stream instanceof EventStream ? "stream" : "stream through operators";
  return `${printable(info.name)} ${kind}, ${state}`;
}

function tableText(rows: readonly Readonly<Record<string, unknown>>[], columns = Infinity): string {
  const omitted: string[] = [];
  const shown = rows.slice(0, ROWS).map((row) => ({ ...row }));
  const spare = SPARE.filter((name) => shown.some((row) => name in row));
  while (spare.length > 0 && linesOf(shown).some((line) => widthOf(line) > columns)) {
    const name = spare.shift()!;
    for (const row of shown) Reflect.deleteProperty(row, name);
    omitted.push(name);
  }
  const more = rows.length > ROWS ? [`... and ${amount(rows.length - ROWS)} rows more`] : [];
  const without = omitted.length > 0 ? [`... without ${omitted.join(", ")}`] : [];
  return [...linesOf(shown, columns), ...without, ...more].join("\n");
}

function linesOf(rows: readonly unknown[], columns = Infinity): string[] {
  return textFormat<unknown>(
    NEVER,
    fitting(() => columns),
  )
    .row(new Table(0, rows))
    .trim()
    .split("\n");
}

/** `inspect` does not escape everything that it prints: an error's text can have colours of its own. */
function inspected(value: unknown, colors: boolean): string {
  const plain = inspect(value, { depth: 4 });
  const safe = plain.split("\n").map(harmless).join("\n");
  return colors && safe === plain ? inspect(value, { depth: 4, colors }) : safe;
}
