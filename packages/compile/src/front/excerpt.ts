import { harmless } from "@rxbpf/core";

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

/** The line of a piece of source, with carets below it, and its place. */
function pointedAt(span: Span): string {
  const { source, start, end } = span;
  const { line, column } = placeOf(span);
  const text = source.split("\n")[line - 1]!;
  const indent = text.length - text.trimStart().length;
  const place = `${line}:${column}  `;
  const carets = "^".repeat(Math.max(1, Math.min(end - start, text.length - column + 1)));
  return `${place}${harmless(text.trim())}\n${" ".repeat(place.length + column - 1 - indent)}${carets}`;
}

/** The line and the column where a piece of source begins, counting from 1. */
export function placeOf({ source, start }: Span): { readonly line: number; readonly column: number } {
  const before = source.slice(0, start).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

function quoted({ source, start, end }: Span): string {
  const text = source.slice(start, end).replace(/\s+/g, " ");
  return harmless(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
}
