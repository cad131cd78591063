import type { Column } from "@rxbpf/core/events";
import type { MakeLine } from "@rxbpf/sinks";

import { lengthIn, widthOf } from "./width.js";

/** Marks a cut. */
const MORE = "…";
/** The fewest columns that a cell of text keeps, so that some of it can be read; the last cell keeps more. */
const LEAST = 4;
const LAST = 12;
/** Cells that are never cut: numbers, also in times and addresses. */
const NUMBER = /^[-+]?\d[\d.,:]*%?$/;
const NUMBER_PART = /[\d.,:]/;

/** Cuts a line to so many columns, not counting colours; cuts before a number that would otherwise become another number. */
export function cutLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let end = lengthIn(line, columns - MORE.length);
  if (NUMBER_PART.test(line[end]!)) while (end > 0 && NUMBER_PART.test(line[end - 1]!)) end--;
  return `${line.slice(0, end)}${MORE}${line.includes("\x1b") ? "\x1b[m" : ""}`;
}

/** Makes lines of cells no wider than a terminal. It cuts text cells, so that numbers stay whole. */
export function fitting(columns: () => number): MakeLine {
  return (cells, kinds) => layOut([cells], kinds, columns())[0]!;
}

/** What is known of a column. */
type Kind = Pick<Column<unknown>, "numeric">;

/**
 * Makes lines of cells no wider than so many columns, so that the cells of a column stand below each other, whatever their
 * characters. It cuts text cells, so that numbers stay whole.
 * @param headings how many of the lines are headings, at the start
 */
export function layOut(
  lines: readonly (readonly string[])[],
  kinds: readonly Kind[],
  room: number,
  headings = 0,
): readonly string[] {
  const rows = lines.length > headings ? lines.slice(headings) : lines;
  const isText = kinds.map(({ numeric }, i) => !numeric && !rows.every((cells) => NUMBER.test(cells[i]!.trim())));
  const widths = kinds.map((_, i) => lines.reduce((widest, cells) => Math.max(widest, roomFor(cells[i]!)), 0));
  // A last column of text has no width of its own. It always gets some, whatever it says, so that the other columns align.
  const padded = isText.at(-1) ? kinds.length - 1 : kinds.length;
  const of = (text: boolean): number[] => widths.filter((_, i) => i < padded && isText[i] === text);
  const limit = limitFor(of(true), room - sum(of(false)) - (isText.at(-1) ? LAST : 0));
  return lines.map((cells) => {
    const fitted = cells.map((cell, i) => {
      if (i >= padded) return cell;
      const width = isText[i] ? Math.min(widths[i]!, limit) : widths[i]!;
      return padCell(cutCell(cell, width), width);
    });
    return cutLine(fitted.join(""), room);
  });
}

/** How many columns a cell takes: as many as it was padded to, unless its wide characters need more. */
function roomFor(cell: string): number {
  return cell.endsWith(" ") ? Math.max(cell.length, widthOf(cell.trimEnd()) + 1) : widthOf(cell);
}

/** Pads a cell by its width on a terminal. The cell was padded by its number of characters. */
function padCell(cell: string, width: number): string {
  if (!cell.endsWith(" ")) return " ".repeat(Math.max(0, width - widthOf(cell))) + cell;
  const text = cell.trimEnd();
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** The limit for widths so that together they fit. */
function limitFor(widths: readonly number[], room: number): number {
  let rest = room;
  for (const [i, width] of [...widths].sort((a, b) => a - b).entries()) {
    const share = Math.floor(rest / (widths.length - i));
    if (width > share) return Math.max(share, LEAST);
    rest -= width;
  }
  return Infinity;
}

/** Cuts a cell to so many columns, including the space before the next cell. Of a number nothing is left. */
function cutCell(cell: string, limit: number): string {
  const text = cell.trimEnd();
  const room = limit - (text === cell ? 0 : 1);
  if (widthOf(text) <= room) return cell;
  const kept = NUMBER.test(text) ? "" : text.slice(0, lengthIn(text, room - MORE.length));
  return `${kept}${MORE}${text === cell ? "" : " "}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
