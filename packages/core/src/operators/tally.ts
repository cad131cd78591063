import { Histogram, type Totals } from "../values/histogram.js";

/** Counts values in buckets of powers of two. */
export class Tally implements Totals {
  readonly counts: number[] = [];
  count = 0;
  sum = 0;
  negative = 0;
  invalid = 0;
  min: number | undefined;
  max: number | undefined;

  add(given: number | bigint | undefined): void {
    const number = Number(given ?? NaN);
    if (!Number.isFinite(number)) return void this.invalid++;
    if (number < 0) return void this.negative++;
    const at = bucketOf(given!, number);
    while (this.counts.length <= at) this.counts.push(0);
    this.counts[at]!++;
    this.count++;
    this.sum += number;
    if (this.min === undefined || number < this.min) this.min = number;
    if (this.max === undefined || number > this.max) this.max = number;
  }

  histogram(): Histogram {
    const { sum, negative, invalid, min, max } = this;
    return new Histogram(this.counts, "log2", undefined, { sum, negative, invalid, min, max });
  }
}

/**
 * The whole part of the binary logarithm, and 0 below 2. Checked, as rounding may have turned a number into a power of
 * two.
 */
function bucketOf(given: number | bigint, number: number): number {
  if (number < 2) return 0;
  const at = Math.floor(Math.log2(number));
  return (typeof given === "bigint" ? 1n << BigInt(at) : 2 ** at) > given ? at - 1 : at;
}
