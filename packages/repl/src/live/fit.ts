import type { MakeLine } from "@rxbpf/sinks";
import measure from "fast-string-truncated-width";

/** Stands for what was cut off. */
const MORE = "…";
/** A cell of text keeps so many columns, the last one some more, so that there is something of it to see. */
const LEAST = 4;
const LAST = 12;
/** Numbers, and times and addresses, which are numbers. */
const NUMBER = /^[-+]?\d[\d.,:]*%?$/;
const NUMBER_PART = /[\d.,:]/;

export function widthOf(line: string): number {
  return measure(line).width;
}

/** Cuts a line, in which colours take no room, to so many columns; before a number where that would be cut to another. */
export function cutLine(line: string, columns: number): string {
  const { index } = measure(line, { limit: columns, ellipsis: MORE, ellipsisWidth: MORE.length });
  if (index === line.length) return line;
  let end = index;
  if (NUMBER_PART.test(line[end]!)) while (end > 0 && NUMBER_PART.test(line[end - 1]!)) end--;
  return `${line.slice(0, end)}${MORE}${line.includes("\x1b") ? "\x1b[m" : ""}`;
}

/** Makes lines of cells that are no wider than a terminal: their texts are cut, so that their numbers are whole. */
export function fitting(columns: () => number): MakeLine {
  return (cells, kinds) => {
    const room = columns();
    const isText = cells.map((cell, i) => !kinds[i]!.numeric && !NUMBER.test(cell.trim()));
    // A last column of text has no width of its own. It is left some, whatever it says, so that the others stand below each other.
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

/** To what widths are to be limited so that they fit together. */
function limitFor(widths: readonly number[], room: number): number {
  let rest = room;
  for (const [i, width] of [...widths].sort((a, b) => a - b).entries()) {
    const share = Math.floor(rest / (widths.length - i));
    if (width > share) return Math.max(share, LEAST);
    rest -= width;
  }
  return Infinity;
}

/** Cuts a cell to so many columns, with what stands between it and the next. */
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
