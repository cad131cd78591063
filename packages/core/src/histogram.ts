/** A part of a histogram: how many values are at least `from` and less than `to`. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** What is counted of values, besides their buckets. */
export interface Totals {
  /** How many values are in the buckets. */
  readonly count: number;
  /** The least and the greatest of those; undefined where there are none. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly sum: number;
  /** Values below 0, and those that are no finite number. Neither are in a bucket or in what is said above. */
  readonly negative: number;
  readonly invalid: number;
}

/** How long the longest bar of the picture is at most, and what else is in a line besides range and count. */
const BAR = 40;
const FRAME = " :  ||".length;

/**
 * How values are distributed: counted in buckets that end at powers of two, from the first to the last with a value in
 * it. In what unit is not its matter. Its `toString` is the picture that BCC's tools draw.
 */
export class Histogram implements Totals {
  readonly count: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly mean: number | undefined;
  readonly sum: number;
  readonly negative: number;
  readonly invalid: number;
  readonly buckets: readonly Bucket[];

  /** @param counts how many values there are from 2 ** i, but for 0 from 0, to 2 ** (i + 1), by `i` */
  constructor({ count, min, max, sum, negative, invalid }: Totals, counts: readonly number[]) {
    this.count = count;
    this.min = min;
    this.max = max;
    this.mean = count > 0 ? sum / count : undefined;
    this.sum = sum;
    this.negative = negative;
    this.invalid = invalid;
    const first = counts.findIndex((one) => one > 0);
    const last = counts.findLastIndex((one) => one > 0);
    this.buckets = counts
      .map((one, i) => ({ from: i === 0 ? 0 : 2 ** i, to: 2 ** (i + 1), count: one }))
      .slice(Math.max(first, 0), last + 1);
  }

  /** The picture: a line for each bucket, and one with the totals. A fraction counts as its whole part. */
  toString(): string {
    return this.picture();
  }

  /** The picture with bars that are short enough for so many columns; the widest if it is not said how many. */
  picture(columns: number = Infinity): string {
    const rows = this.buckets.map(({ from, to, count }) => ({ range: range(from, to), count: String(count) }));
    const widest = Math.max(...rows.map(({ range }) => range.length), "value".length);
    const longest = Math.max(...rows.map(({ count }) => count.length), "count".length);
    const most = Math.max(...this.buckets.map(({ count }) => count));
    const bar = Math.max(1, Math.min(BAR, columns - widest - longest - FRAME));
    const lines = rows.map(({ range, count }, i) => {
      const stars = "*".repeat(Math.floor((this.buckets[i]!.count / most) * bar));
      return `${range.padEnd(widest)} : ${count.padEnd(longest)} |${stars.padEnd(bar)}|`;
    });
    const head = `${"value".padEnd(widest)} : ${"count".padEnd(longest)} distribution`;
    return [...(lines.length > 0 ? [head, ...lines] : []), this.#totals()].join("\n");
  }

  #totals(): string {
    const { count, min, max, mean, negative, invalid } = this;
    const parts = [`count ${count}`];
    if (count > 0) parts.push(`min ${min}`, `max ${max}`, `mean ${Number(mean!.toPrecision(6))}`);
    if (negative > 0) parts.push(`${negative} negative`);
    if (invalid > 0) parts.push(`${invalid} not a number`);
    return parts.join(", ");
  }
}

/** A bucket's whole numbers, aligned by their arrow as far as those of 32 bits go. */
function range(from: number, to: number): string {
  if (to > 2 ** 64) return `${from.toExponential(2)} -> ${to.toExponential(2)}`;
  return `${String(BigInt(from)).padStart(10)} -> ${String(BigInt(to) - 1n).padEnd(10)}`;
}
