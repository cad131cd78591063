import { type Column, type Fields, originOf, printable, printableJson } from "@rxbpf/core";
import type { Observable, OperatorFunction } from "rxjs";

import { jsonText } from "./json-text.js";
import { type Format, type Progress, sink, type SinkOptions } from "./sink.js";
import type { Target } from "./output.js";

export interface TextOptions<E> extends SinkOptions {
  /** Makes the columns of every row, for example `stream.info.columns`. */
  readonly columns?: (() => readonly Column<E>[]) | undefined;
}

/**
 * Writes events as a table, a line each, to stdout. See `toText`.
 */
export function toStdout<E>(options?: TextOptions<E>): OperatorFunction<E, Progress> {
  return toText(process.stdout, options);
}

/**
 * Writes events as a table, a line each. Losses are lines too: `LOST 12 events: ring full`.
 *
 * The columns are those that were given, or those of the stream that the source was made from.
 * After operators a row may be something else: one that has not exactly that stream's fields, and any
 * row where there is no such stream, is written as `key=value`, values in JSON where they are no plain word.
 *
 * A stream of tables is written as tables, each under a heading of its own.
 *
 * The heading is written when the source runs, so that a parent process can wait for it; where
 * operators stand between, and no columns were given, with the first row that needs it.
 * @param target a path, which is created with mode 0600 or truncated; or a stream, which is left open
 */
export function toText<E>(target: Target, options: TextOptions<E> = {}): OperatorFunction<E, Progress> {
  return sink(target, (source) => format(source, options), options);
}

function format<E>(source: Observable<E>, options: TextOptions<E>): Format<E> {
  const lost: Format<E>["lost"] = ({ count, reason }) => `LOST ${count} events: ${printable(reason)}\n`;
  const origin = originOf(source);
  const columns = options.columns?.() ?? origin?.info.columns();
  if (!columns) return { row: pairs, lost };

  const { banner, tables } = origin?.info ?? {};
  const first = banner ? `${banner}\n` : "";
  const head = `${columns.map((column) => column.head).join("")}\n`;
  const row = (event: E): string => {
    let line = "";
    for (const column of columns) line += column.cell(event);
    return `${line}\n`;
  };
  if (tables) {
    const table = (event: E): string => `\n${head}${(event as readonly E[]).map(row).join("")}`;
    return { head: () => first, row: (event) => (Array.isArray(event) ? table(event) : pairs(event)), lost };
  }
  if (options.columns || !origin || source === origin) return { head: () => first + head, row, lost };

  const isEvent = hasFields(origin.info.schema.fields);
  let headed = false;
  return {
    row(event) {
      if (!isEvent(event)) return pairs(event);
      if (headed) return row(event);
      headed = true;
      return first + head + row(event);
    },
    lost,
  };
}

/** Whether a row has all of the fields, but for optional ones, and no other. */
function hasFields(fields: Fields): (row: unknown) => boolean {
  const required = Object.keys(fields).filter((name) => !fields[name]!.optional).length;
  return (row) => {
    if (typeof row !== "object" || row === null) return false;
    let count = 0;
    for (const name in row) {
      if (!Object.hasOwn(fields, name)) return false;
      if (!fields[name]!.optional) count++;
    }
    return count === required;
  };
}

function pairs(row: unknown): string {
  if (typeof row === "string") return `${printable(row)}\n`;
  if (typeof row !== "object" || row === null || Array.isArray(row)) return `${word(row)}\n`;
  const given = Object.entries(row).filter(([, value]) => value !== undefined);
  return `${given.map(([key, value]) => `${word(key)}=${word(value)}`).join(" ")}\n`;
}

function word(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return printable(value);
  return printableJson(jsonText(value));
}
