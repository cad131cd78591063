import { printable } from "@rxbpf/core";

import type { Obstacle, Span } from "../ir/types.js";

/** The longest piece of source that a message of one line quotes, in characters. */
const LONGEST = 60;

/** An obstacle in one line: the piece of source, why, and what to write instead. */
export function obstacleLine({ at, message, advice }: Obstacle): string {
  return `${quoted(at)}: ${message}${advice === undefined ? "" : `; ${advice}`}`;
}

/** The same in several lines: the source's line with a caret, and its place. */
export function obstacleText(obstacle: Obstacle): string {
  const { message, advice, at } = obstacle;
  return `${pointedAt(at)}\n${message}${advice === undefined ? "" : `; ${advice}`}`;
}

/** The line of a piece of source, with carets below it and its line and column, which count from 1. */
export function pointedAt({ source, start, end }: Span): string {
  const before = source.slice(0, start);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = source.indexOf("\n", start);
  const text = source.slice(lineStart, lineEnd < 0 ? source.length : lineEnd);
  const indent = text.length - text.trimStart().length;
  const carets = "^".repeat(Math.max(1, Math.min(end, lineStart + text.length) - start));
  const line = before.split("\n").length;
  return `${line}:${start - lineStart + 1}  ${printable(text.trim())}\n${" ".repeat(`${line}:${start - lineStart + 1}  `.length + start - lineStart - indent)}${carets}`;
}

function quoted({ source, start, end }: Span): string {
  const text = source.slice(start, end).replace(/\s+/g, " ");
  return printable(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
}
