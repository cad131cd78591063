import type { MakeLine } from "@rxbpf/sinks";
import measure from "fast-string-truncated-width";

/** Marks a cut. */
const MORE = "…";
/** The fewest columns that a cell of text keeps, so that some of it can be read; the last cell keeps more. */
const LEAST = 4;
const LAST = 12;
/** Cells that are never cut: numbers, also in times and addresses. */
const NUMBER = /^[-+]?\d[\d.,:]*%?$/;
const NUMBER_PART = /[\d.,:]/;

export function widthOf(line: string): number {
  return measure(line).width;
}

/** Cuts a line to so many columns, not counting colours; cuts before a number that would otherwise become another number. */
export function cutLine(line: string, columns: number): string {
  const { index } = measure(line, { limit: columns, ellipsis: MORE, ellipsisWidth: MORE.length });
  if (index === line.length) return line;
  let end = index;
  if (NUMBER_PART.test(line[end]!)) while (end > 0 && NUMBER_PART.test(line[end - 1]!)) end--;
  return `${line.slice(0, end)}${MORE}${line.includes("\x1b") ? "\x1b[m" : ""}`;
}

/** Makes lines of cells no wider than a terminal. It cuts text cells, so that numbers stay whole. */
export function fitting(columns: () => number): MakeLine {
  return (cells, kinds) => {
    const room = columns();
    const isText = cells.map((cell, i) => !kinds[i]!.numeric && !NUMBER.test(cell.trim()));
    // A last column of text has no width of its own. It always gets some, whatever it says, so that the other columns align.
    const padded = isText.at(-1) ? cells.slice(0, -1) : cells;
    const fixed = sum(padded.filter((_, i) => !isText[i]).map(widthOf));
    const texts = padded.filter((_, i) => isText[i]).map(widthOf);
    const limit = limitFor(texts, room - fixed - (isText.at(-1) ? LAST : 0));
    return cutLine(
      cells.map((cell, i) => (i < padded.length && isText[i] ? cutCell(cell, limit) : cell)).join(""),
      room,
    );
  };
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

/** Cuts a cell to so many columns, including the space before the next cell. */
function cutCell(cell: string, limit: number): string {
  if (widthOf(cell) <= limit) return cell;
  const text = cell.trimEnd();
  const room = limit - (text === cell ? 0 : 1);
  const { index } = measure(text, { limit: room, ellipsis: MORE, ellipsisWidth: MORE.length });
  const cut = index === text.length ? text : text.slice(0, index) + MORE;
  return cut + " ".repeat(Math.max(0, limit - widthOf(cut)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
