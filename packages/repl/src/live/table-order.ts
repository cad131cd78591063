import type { Key } from "node:readline";

import type { TablePart } from "@rxbpf/core";
import type { Layout } from "@rxbpf/sinks";

import { layOut } from "./fit.js";
import { amount } from "./tally.js";

/** How many rows more or fewer a key shows. */
const STEP = 5;

/** What people chose of a table that is redrawn in place: by which column it is sorted, and how many of its rows are shown. */
export class TableOrder {
  static readonly keys = ["← → 1-9 sort", "r reverse", "+ - rows"];
  /** Undefined for the order in which the rows come. */
  #column: number | undefined;
  #reversed = false;
  /** How many rows to show at most, if that was chosen. */
  #most: number | undefined;
  /** Of the table as it was drawn last. */
  #drawn:
    | { readonly heads: readonly string[]; readonly highestFirst: boolean; shown: number; rows: number }
    | undefined;

  /** Takes a key. Returns whether it changed something. */
  press({ name, sequence }: Key): boolean {
    const columns = this.#drawn?.heads.length ?? 0;
    if (columns === 0) return false;
    const shown = this.#drawn!.shown;
    if (name === "left" || name === "right") this.#sortBy(this.#next(name === "right" ? 1 : -1, columns));
    else if (name === "r") this.#reversed = !this.#reversed;
    else if (sequence === "+" || sequence === "=") this.#most = shown + STEP;
    else if (sequence === "-") this.#most = Math.max(1, shown - STEP);
    else if (sequence !== undefined && /^[0-9]$/.test(sequence) && Number(sequence) <= columns)
      this.#sortBy(sequence === "0" ? undefined : Number(sequence) - 1);
    else return false;
    return true;
  }

  /** The column to the left or the right. Beside the outermost ones is the order in which rows come. */
  #next(step: number, columns: number): number | undefined {
    const at = this.#column ?? (step > 0 ? -1 : columns);
    const next = at + step;
    return next < 0 || next >= columns ? undefined : next;
  }

  #sortBy(column: number | undefined): void {
    this.#column = column;
    this.#reversed = false;
  }

  /** The lines of a table, and how many more there would be without the limits to its height. */
  lines({ heading, most, parts }: Layout, columns: number, height: number) {
    const rows = this.#sorted(parts);
    const chosen = rows.slice(0, this.#most ?? most);
    const above = heading === undefined ? [] : [heading];
    const used = parts.filter((_, i) => parts.length === 1 || chosen.some(({ part }) => part === i));
    // Each part has a heading, and an empty line before the next.
    const frame = above.length + 2 * used.length - 1;
    const fits = chosen.length + frame <= height;
    const visible = fits ? chosen : chosen.slice(0, Math.max(0, height - 1 - frame));
    this.#drawn = {
      heads: parts[0]?.columns.map(({ head }) => head.trim()) ?? [],
      highestFirst: this.#isHighestFirst(parts[0]),
      shown: visible.length,
      rows: rows.length,
    };
    const drawn = used.map((part, i) => {
      const heads = part.columns.map(({ head }) => head);
      const own = visible.filter((one) => parts[one.part] === part);
      const cells = own.map(({ row }) => part.columns.map((column) => column.cell(row)));
      return [...(i > 0 ? [""] : []), ...layOut([heads, ...cells], part.columns, columns, 1)];
    });
    return { lines: [...above, ...drawn.flat()], hidden: chosen.length - visible.length };
  }

  /** Whether a table was drawn, so that there is something to order. */
  get isUsed(): boolean {
    return this.#drawn !== undefined;
  }

  /** What was chosen, for the line that tells the state. */
  get status(): readonly string[] {
    if (!this.#drawn) return [];
    const { heads, highestFirst, shown, rows } = this.#drawn;
    const by = this.#column === undefined ? undefined : heads[this.#column];
    const order =
      by === undefined ? (this.#reversed ? "reversed" : "") : `by ${by}, ${highestFirst ? "highest" : "lowest"} first`;
    return [...(shown < rows ? [`${amount(shown)} of ${amount(rows)} rows`] : []), ...(order ? [order] : [])];
  }

  #isHighestFirst(part: TablePart | undefined): boolean {
    return (part?.columns[this.#column ?? -1]?.numeric === true) !== this.#reversed;
  }

  /** All rows in their order, each with the index of its part. */
  #sorted(parts: readonly TablePart[]) {
    const column = this.#column;
    const rows = parts.flatMap(({ rows, columns }, part) =>
      rows.map((row) => ({ row, part, value: column === undefined ? undefined : columns[column]?.value?.(row) })),
    );
    if (column === undefined) return this.#reversed ? rows.reverse() : rows;
    const sign = this.#isHighestFirst(parts[0]) ? -1 : 1;
    return rows.sort((a, b) => sign * compare(a.value, b.value));
  }
}

/** Numbers before texts, and what is missing after both. */
function compare(a: unknown, b: unknown): number {
  const [one, other] = [rank(a), rank(b)];
  if (one !== other) return one - other;
  if (one === 0) return Number(a) < Number(b) ? -1 : Number(a) > Number(b) ? 1 : 0;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function rank(value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint") return 0;
  return value === undefined ? 2 : 1;
}
