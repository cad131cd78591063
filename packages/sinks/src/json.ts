import { printableJson, Table } from "@rxbpf/core";
import { jsonEncoder } from "@rxbpf/core/events";
import type { OperatorFunction } from "rxjs";

import { jsonText } from "./json-text.js";
import { type Format, type Progress, sink } from "./sink.js";
import type { OutputOptions } from "./files/output-file.js";
import type { Target } from "./output.js";

/**
 * Writes each event as a line of JSON, its keys in the row's order; of a `Table`, each row. Losses are lines too:
 * `{"type":"lost","time":...,"count":12,"total":340,"reason":"ring full"}`. Characters that a terminal
 * would obey are written as JSON's escapes, which mean the same to a reader of JSON. A bigint is
 * written as a whole number, exactly.
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 */
export function toJson<E>(target: Target, options?: OutputOptions): OperatorFunction<E, Progress> {
  return sink(target, format, options);
}

function format<E>(): Format<E> {
  return {
    // Records are events of a probe, which are no tables.
    encoder: jsonEncoder,
    row: (event) => (event instanceof Table ? event.rows.map(line).join("") : line(event)),
    lost: ({ time, count, total, reason }) => line({ type: "lost", time, count, total, reason }),
  };
}

function line(row: unknown): string {
  return `${printableJson(jsonText(row))}\n`;
}
