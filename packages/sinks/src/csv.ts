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
 * names of its fields. After operators these are the fields of the first row, and a later row with other fields is an
 * error. Each row of a `Table` is a line. Lists and objects are JSON; an absent value is empty. Characters that a
 * terminal would obey are escaped as in tables; so are backslashes, so that escapes can be told apart. A text that a
 * spreadsheet would take for a formula, because it begins with `=`, `+`, `-` or `@`, gets a `'` before it; so does a
 * text that begins with `'`, and a reader removes one. The file has no losses; `Progress` counts them.
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
  // Called only once the first row has been made.
  const first = names ? line(names.map(cell)) : "";
  let cells: ((value: unknown) => string)[] | undefined;
  const row = (value: Row): string => {
    const head = names ? "" : line((names = namesOf(Object.keys(value), fields)).map(cell));
    const stray = isEvent ? undefined : Object.keys(value).find((name) => !names!.includes(name));
    if (stray !== undefined)
      throw new Error(
        `Cannot write a row as CSV: it has ${stray}, which the first row does not have; give all rows the same keys`,
      );
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

/**
 * The columns for rows that came through operators: the keys of the first row and, if it is an event, the fields that
 * it lacks.
 */
function namesOf(given: readonly string[], fields: Fields): readonly string[] {
  const names = Object.keys(fields);
  const isEvent = names.every((name) => fields[name]!.optional || given.includes(name));
  return isEvent ? [...new Set([...names, ...given])] : given;
}

function line(cells: readonly string[]): string {
  return `${cells.join(",")}\n`;
}

/**
 * Makes a function that writes the cells of a column. It remembers the last one, as most are the same as the one
 * before.
 * @param before text before each cell
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

/**
 * Texts that a spreadsheet takes for a formula, which may run programs; in some languages also with the wide
 * characters.
 */
const FORMULA = /^[=+\-@'＝＋－＠]/;
/** Texts that need no escaping and no quotes, as most file names are. */
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
