import { printableJson, Table } from "@rxbpf/core";
import { jsonEncoder } from "@rxbpf/core/events";
import type { OperatorFunction } from "rxjs";

import { jsonText } from "./json-text.js";
import { type Format, type Progress, sink } from "./sink.js";
import type { OutputOptions } from "./files/output-file.js";
import type { Target } from "./output.js";

/**
 * Writes each event as a line of JSON, with its keys in the row's order; each row of a `Table` is a line. Losses are
 * lines too: `{"type":"lost","time":...,"count":12,"total":340,"reason":"ring full"}`. Characters that a terminal would
 * obey are written as escapes of JSON, which mean the same to a reader of JSON. A bigint is written as a whole number,
 * exactly.
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 */
export function toJson<E>(target: Target, options?: OutputOptions): OperatorFunction<E, Progress> {
  return sink(target, format, options);
}

function format<E>(): Format<E> {
  return {
    // Records are always single events of a probe, never tables.
    encoder: jsonEncoder,
    row: (event) => (event instanceof Table ? event.rows.map(line).join("") : line(event)),
    lost: ({ time, count, total, reason }) => line({ type: "lost", time, count, total, reason }),
  };
}

function line(row: unknown): string {
  return `${printableJson(jsonText(row))}\n`;
}
