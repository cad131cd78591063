import type { Page, Series, Span } from "./data.js";
import type { Measure } from "./sums.js";

/** Into how many parts the time is divided. */
export const PARTS = 240;

/**
 * What was counted in each part of the time, for a second; the last is repeated at the end. The rows of a table were
 * counted since the table before it.
 */
export function ratesOf(series: Series, rows: Uint32Array, measure: Measure, span: Span): readonly number[] {
  const parts = new Parts(span);
  if (series.tables) addTables(series, rows, measure, parts, span.from);
  else for (const row of rows) parts.add(series.time![row]!, measure.weight(row));
  return parts.perSecond();
}

/** The same of the events that were lost. */
export function lossesOf({ series, span }: Page): readonly number[] {
  const parts = new Parts(span);
  for (const [at, count] of series.flatMap(({ losses }) => losses)) parts.add(at, count);
  return parts.perSecond();
}

function addTables({ time }: Series, rows: Uint32Array, { weight }: Measure, parts: Parts, from: number): void {
  let before = from;
  for (let i = 0; i < rows.length;) {
    const at = time![rows[i]!]!;
    let sum = 0;
    for (; i < rows.length && time![rows[i]!] === at; i++) sum += weight(rows[i]!);
    parts.spread(before, at, sum);
    before = at;
  }
}

class Parts {
  readonly #sums = new Array<number>(PARTS).fill(0);
  readonly #from: number;
  readonly #length: number;

  constructor({ from, to }: Span) {
    this.#from = from;
    this.#length = (to - from) / PARTS || 1;
  }

  add(at: number, weight: number): void {
    this.#sums[this.#partOf(at)]! += weight;
  }

  /** Spreads a weight evenly over some time. */
  spread(from: number, to: number, weight: number): void {
    if (!(to > from)) return this.add(from, weight);
    for (let part = this.#partOf(from); part <= this.#partOf(to); part++) {
      const begin = Math.max(from, this.#from + part * this.#length);
      const end = Math.min(to, this.#from + (part + 1) * this.#length);
      this.#sums[part]! += (weight * Math.max(0, end - begin)) / (to - from);
    }
  }

  perSecond(): readonly number[] {
    const rates = this.#sums.map((sum) => sum / this.#length);
    return [...rates, rates.at(-1)!];
  }

  #partOf(at: number): number {
    return Math.min(PARTS - 1, Math.max(0, Math.floor((at - this.#from) / this.#length)));
  }
}
