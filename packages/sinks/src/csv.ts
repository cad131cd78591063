import { type Fields, printable, printableJson, Table } from "@rxbpf/core";
import { originOf } from "@rxbpf/core/events";
import type { Observable, OperatorFunction } from "rxjs";

import { jsonText } from "./json-text.js";
import type { OutputOptions } from "./files/output-file.js";
import type { Target } from "./output.js";
import { type Format, type Progress, sink } from "./sink.js";
import { asRow, type Row } from "./table.js";

/**
 * Writes the events of a stream as comma-separated values (RFC 4180, lines end with a newline), after a line with the
 * names of its fields; after operators those of the first row, and a later one with others is an error. Of a `Table`
 * each row is a line. Lists and objects are JSON, a value that is absent is empty. Characters that a terminal
 * would obey are escaped as in tables, and backslashes, so that they can be told. A text that a spreadsheet would take for a formula, because it begins with `=`, `+`, `-` or `@`, has
 * a `'` before it, and so has one that begins with `'`: whoever reads takes one away. Losses have no place in it: they are in its progress.
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 */
export function toCsv<E>(target: Target, options?: OutputOptions): OperatorFunction<E, Progress> {
  return sink(target, format, options);
}

function format<E>(source: Observable<E>): Format<E> {
  const origin = originOf(source);
  const fields = origin?.info.schema.fields ?? {};
  const isEvent = source === origin;
  let names: readonly string[] | undefined = isEvent ? Object.keys(fields) : undefined;
  // Asked for only when the first row is made already.
  const first = names ? line(names.map(cell)) : "";
  let cells: ((value: unknown) => string)[] | undefined;
  const row = (value: Row): string => {
    const head = names ? "" : line((names = namesOf(Object.keys(value), fields)).map(cell));
    const stray = isEvent ? undefined : Object.keys(value).find((name) => !names!.includes(name));
    if (stray !== undefined)
      throw new Error(`Cannot write a row as CSV: it has ${stray}, which the first had not; give all the same keys`);
    cells ??= names!.map((_, i) => remembering(i > 0 ? "," : ""));
    let text = head;
    for (let i = 0; i < cells.length; i++) text += cells[i]!(value[names![i]!]);
    return `${text}\n`;
  };
  return {
    head: () => first,
    row: (event) => (event instanceof Table ? (event.rows as readonly Row[]) : [asRow(event)]).map(row).join(""),
    lost: () => "",
  };
}

/** The columns for rows like the first that came through operators: its own and, where it is an event, those that it lacks. */
function namesOf(given: readonly string[], fields: Fields): readonly string[] {
  const names = Object.keys(fields);
  const isEvent = names.every((name) => fields[name]!.optional || given.includes(name));
  return isEvent ? [...new Set([...names, ...given])] : given;
}

function line(cells: readonly string[]): string {
  return `${cells.join(",")}\n`;
}

/**
 * Writes the cells of a column, of which most are as the one before: who did it, mostly.
 * @param before what stands before each
 */
function remembering(before: string): (value: unknown) => string {
  let last: unknown;
  let text = before;
  return (value) => {
    if (value !== last || typeof value === "object") {
      last = value;
      text = before + cell(value);
    }
    return text;
  };
}

/** What a spreadsheet takes for a formula, which may run programs; in some languages the wide forms too. */
const FORMULA = /^[=+\-@'＝＋－＠]/;
/** Texts of letters and signs that nobody takes for anything else, in most of the world's file names. */
const PLAIN = /^(?:[\w/.:][\w/.:@=+\- ]*)?$/;

function guarded(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

function cell(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "";
    case "boolean":
      return value ? "true" : "false";
    case "number":
      return Number.isFinite(value) ? String(value) : "null";
    case "string":
      return PLAIN.test(value) ? value : quoted(printable(guarded(value)));
    default:
      return value === null ? "" : quoted(printableJson(jsonText(value)));
  }
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
