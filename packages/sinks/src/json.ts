import { jsonEncoder, type Lost, originOf, printableJson } from "@rxbpf/core";
import type { OperatorFunction } from "rxjs";

import { jsonText } from "./json-text.js";
import { type Progress, sink, type SinkOptions } from "./sink.js";
import type { Target } from "./output.js";

/**
 * Writes each event as a line of JSON, its keys in the row's order; of a table, each row. Losses are lines too:
 * `{"type":"lost","time":...,"count":12,"total":340,"reason":"ring full"}`. Characters that a terminal
 * would obey are written as JSON's escapes, which mean the same to a reader of JSON. A bigint is
 * written as a whole number, exactly.
 * @param target a path, which is created with mode 0600 or truncated; or a stream, which is left open
 */
export function toJson<E>(target: Target, options?: SinkOptions): OperatorFunction<E, Progress> {
  return sink(target, (source) => (originOf(source)?.info.tables ? TABLES : EVENTS), options);
}

const line = (row: unknown): string => `${printableJson(jsonText(row))}\n`;

const EVENTS = {
  row: line,
  encoder: jsonEncoder,
  lost: ({ time, count, total, reason }: Omit<Lost, "type">): string =>
    line({ type: "lost", time, count, total, reason }),
};

const TABLES = {
  lost: EVENTS.lost,
  row: (event: unknown): string => (Array.isArray(event) ? event.map(line).join("") : line(event)),
};
