import { inspect } from "node:util";

import { Histogram, printable } from "@rxbpf/core";
import { textFormat } from "@rxbpf/sinks";
import { NEVER } from "rxjs";

import { amount } from "./tally.js";

/** How many rows of an array are printed. */
const ROWS = 20;

/** A value as a prompt prints it: an array of rows as a table, a histogram as its picture, the rest as Node does. */
export function printed(value: unknown, { isTTY = false }: { readonly isTTY?: boolean }): string {
  if (value instanceof Histogram) return value.toString();
  if (Array.isArray(value) && value.length > 0 && value.every(isRow)) {
    const table = textFormat<unknown>(NEVER).row(value.slice(0, ROWS)).trim();
    return value.length > ROWS ? `${table}\n... and ${amount(value.length - ROWS)} rows more` : table;
  }
  return harmless(inspect(value, { colors: isTTY, depth: 4 }));
}

function isRow(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const made: unknown = Object.getPrototypeOf(value);
  return made === Object.prototype || made === null;
}

/** The colours that `inspect` uses. */
const COLOURS = new RegExp(
  `(\\x1b\\[(?:${Object.values(inspect.styles)
    .flatMap((style) => inspect.colors[style] ?? [])
    .join("|")})m)`,
);

/** Lets nothing but those reach the terminal: `inspect` escapes strings, but not all of an error's text. */
function harmless(text: string): string {
  const line = (one: string): string =>
    one
      .split(COLOURS)
      .map((part, i) => (i % 2 === 1 ? part : printable(part)))
      .join("");
  return text.split("\n").map(line).join("\n");
}
