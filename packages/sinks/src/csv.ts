import { originOf, printable } from "@rxbpf/core";
import { EMPTY, type Observable, type OperatorFunction } from "rxjs";

import { jsonText } from "./json-text.js";
import type { Target } from "./output.js";
import { type Progress, sink, type SinkOptions } from "./sink.js";

/**
 * Writes the events of a stream as comma-separated values (RFC 4180, lines end with a newline), after a line with the
 * names of its fields. Lists and objects are JSON, a value that is absent is empty. Characters that a terminal
 * would obey are escaped as in tables. Losses have no place in it: they are in the stream's status.
 * @param target a path, which is created with mode 0600 or truncated; or a stream, which is left open
 */
export function toCsv<E>(target: Target, options?: SinkOptions): OperatorFunction<E, Progress> {
  return sink(target, format, { losses: EMPTY, ...options });
}

function format<E>(source: Observable<E>) {
  const names = Object.keys(originOf(source)?.info.schema.fields ?? {});
  const line = (cells: readonly string[]): string => `${cells.join(",")}\n`;
  return {
    head: () => line(names.map(cell)),
    row: (event: E) => line(names.map((name) => cell((event as Readonly<Record<string, unknown>>)[name]))),
    lost: () => "",
  };
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = printable(typeof value === "string" ? value : jsonText(value));
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
