import type { OperatorFunction } from "rxjs";

import { Histogram, type Totals } from "../values/histogram.js";
import { gather, type Gatherer, type GatherOptions } from "./gather.js";

/**
 * Counts values in buckets of powers of two: `tcpconnect({ dns: true }).pipe(histogram((e) => e.queryAgeMs))`. Emits a
 * `Histogram` every second while values come, and the last one before the source ends or fails. It covers all values
 * since the subscription; with `perInterval`, those since the histogram before; with `window`, those of the last that
 * many milliseconds.
 *
 * A bigint counts in its exact bucket. Negative values, and values that are no finite number (NaN, undefined), are
 * counted apart.
 * @throws RangeError for options that are out of range; what `value` throws becomes the stream's error
 */
export function histogram<T>(
  value: (event: T) => number | bigint | undefined,
  options: GatherOptions = {},
): OperatorFunction<T, Histogram> {
  return gather(options, (intervals) => new Gathered(value, intervals));
}

/** The counts and totals of one interval. */
interface Slice extends Totals {
  readonly count: number;
  readonly counts: readonly number[];
}

class Gathered<T> implements Gatherer<T, Histogram> {
  readonly #value: (event: T) => number | bigint | undefined;
  readonly #intervals: number;
  /** Intervals that are over and not yet forgotten, the oldest first. */
  readonly #before: Slice[] = [];
  #now = new Tally();

  constructor(value: (event: T) => number | bigint | undefined, intervals: number) {
    this.#value = value;
    this.#intervals = intervals;
  }

  add(event: T): void {
    this.#now.add(this.#value(event));
  }

  result(): Histogram {
    const counts: number[] = [];
    const all = [...this.#before, this.#now];
    for (const slice of all) for (const [at, count] of slice.counts.entries()) counts[at] = (counts[at] ?? 0) + count;
    const of = (name: "sum" | "negative" | "invalid"): number => all.reduce((sum, one) => sum + one[name], 0);
    const [min, max] = [all.map((one) => one.min), all.map((one) => one.max)].map((ends) => ends.filter(isNumber));
    const totals = { sum: of("sum"), negative: of("negative"), invalid: of("invalid") };
    const whole = Array.from(counts, (count) => count ?? 0);
    return new Histogram(whole, "log2", undefined, { ...totals, min: least(min!), max: greatest(max!) });
  }

  turn(): boolean {
    if (this.#intervals === Infinity) return false;
    this.#before.push(this.#now);
    this.#now = new Tally();
    if (this.#before.length < this.#intervals) return false;
    const { count, negative, invalid } = this.#before.shift()!;
    return count + negative + invalid > 0;
  }
}

/** Counts the values of one interval. */
class Tally implements Slice {
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
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}

function least(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? Math.min(...numbers) : undefined;
}

function greatest(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
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
