import type { Unit } from "../schema/unit.js";

/** The buckets of a histogram: they end at powers of two, or have equal widths from 0 on. */
export type Scale = "log2" | { readonly width: number };

/** A bucket of a histogram: how many values are at least `from` and less than `to`. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** What is known besides the counts if every value was seen. */
export interface Totals {
  /** The least and the greatest counted value; undefined if there is none. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly sum: number;
  /** Values below 0, and values that are no finite number. Neither are in a bucket or in the totals above. */
  readonly negative: number;
  readonly invalid: number;
}

/** What BCC calls units above a histogram. */
const TITLES: Readonly<Partial<Record<Unit, string>>> = {
  ns: "nsecs",
  us: "usecs",
  ms: "msecs",
  s: "secs",
  kB: "Kbytes",
};

/** The text of a line besides range, count and bar. */
const FRAME = " :  ||".length;
const COUNT = 8;

/**
 * The distribution of values: how many fell into each bucket. If an operator counted it, the totals are known too; if
 * the kernel did, they are not. `toString` draws it as BCC's tools do.
 */
export class Histogram {
  readonly unit: Unit | undefined;
  readonly scale: Scale;
  /** How many values were counted. */
  readonly count: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly mean: number | undefined;
  readonly sum: number | undefined;
  readonly negative: number;
  readonly invalid: number;
  /** The buckets from the first to the last that has a value. */
  readonly buckets: readonly Bucket[];
  readonly #counts: readonly number[];
  readonly #totals: Totals | undefined;

  /** @param counts how many values are in each bucket of the scale, from that of 0 on */
  constructor(counts: readonly number[], scale: Scale = "log2", unit?: Unit, totals?: Totals) {
    this.#counts = counts;
    this.#totals = totals;
    this.unit = unit;
    this.scale = scale;
    this.count = counts.reduce((sum, one) => sum + one, 0);
    this.min = totals?.min;
    this.max = totals?.max;
    this.sum = totals?.sum;
    this.mean = totals && this.count > 0 ? totals.sum / this.count : undefined;
    this.negative = totals?.negative ?? 0;
    this.invalid = totals?.invalid ?? 0;
    const first = counts.findIndex((one) => one > 0);
    const last = counts.findLastIndex((one) => one > 0);
    this.buckets = counts.map((count, i) => ({ ...bounds(scale, i), count })).slice(Math.max(first, 0), last + 1);
  }

  /** The counts of all buckets of the scale, from that of 0 on. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  /** The sum of both, which must have the same scale. */
  plus(other: Histogram): Histogram {
    const [a, b] = [this.#counts, other.#counts];
    const counts = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0));
    return new Histogram(counts, this.scale, this.unit, together(this.#totals, other.#totals));
  }

  /** Its form in JSON. */
  toJSON(): object {
    const { unit, count, min, max, mean, sum, negative, invalid, buckets } = this;
    const totals = this.#totals && { min, max, mean, sum, negative, invalid };
    return { ...(unit && { unit }), count, ...totals, buckets };
  }

  /** Draws it: a line for each bucket from that of 0 on, and one with the totals if they are known. */
  toString(): string {
    return this.picture();
  }

  /** Draws it with bars short enough for the given number of columns; as wide as can be by default. */
  picture(columns: number = Infinity): string {
    const title = (this.unit && (TITLES[this.unit] ?? this.unit)) ?? "value";
    const last = this.#counts.findLastIndex((one) => one > 0);
    const shown = this.#counts.slice(0, last + 1);
    const most = shown.reduce((a, b) => Math.max(a, b), 0);
    const isWide = this.scale === "log2" && last > 32;
    const width = range(this.scale, 0, isWide).length;
    const stars = Math.max(1, Math.min(isWide ? 20 : 40, columns - width - COUNT - FRAME));
    const lines = shown.map((count, i) => {
      const bar = "*".repeat(Math.floor((count / most) * stars));
      return `${range(this.scale, i, isWide)} : ${String(count).padEnd(COUNT)} |${bar.padEnd(stars)}|`;
    });
    const head = `     ${title.padEnd(this.scale === "log2" ? (isWide ? 39 : 19) : 13)} : count     distribution`;
    return [...(lines.length > 0 ? [head, ...lines] : []), ...this.#totalsLine()].join("\n");
  }

  #totalsLine(): string[] {
    const { count, min, max, mean, negative, invalid } = this;
    if (!this.#totals) return [];
    const parts = [`count ${count}`];
    if (count > 0) parts.push(`min ${min}`, `max ${max}`, `mean ${Number(mean!.toPrecision(6))}`);
    if (negative > 0) parts.push(`${negative} negative`);
    if (invalid > 0) parts.push(`${invalid} not a number`);
    return [parts.join(", ")];
  }
}

function bounds(scale: Scale, i: number): { readonly from: number; readonly to: number } {
  if (scale === "log2") return { from: i === 0 ? 0 : 2 ** i, to: 2 ** (i + 1) };
  return { from: i * scale.width, to: (i + 1) * scale.width };
}

/** The whole numbers of a bucket, aligned as in BCC. */
function range(scale: Scale, i: number, isWide: boolean): string {
  const { from, to } = bounds(scale, i);
  if (scale !== "log2") return `        ${String(from).padEnd(10)}`;
  const width = isWide ? 20 : 10;
  if (to > 2 ** 64) return `${from.toExponential(2).padStart(width)} -> ${to.toExponential(2).padEnd(width)}`;
  return `${String(BigInt(from)).padStart(width)} -> ${String(BigInt(to) - 1n).padEnd(width)}`;
}

function together(a: Totals | undefined, b: Totals | undefined): Totals | undefined {
  if (!a || !b) return undefined;
  const pick = (choose: (...values: number[]) => number, ...of: (number | undefined)[]): number | undefined => {
    const known = of.filter((one) => one !== undefined);
    return known.length > 0 ? choose(...known) : undefined;
  };
  return {
    min: pick(Math.min, a.min, b.min),
    max: pick(Math.max, a.max, b.max),
    sum: a.sum + b.sum,
    negative: a.negative + b.negative,
    invalid: a.invalid + b.invalid,
  };
}
