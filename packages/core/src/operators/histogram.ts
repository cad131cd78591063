import type { OperatorFunction } from "rxjs";

import { Histogram } from "../values/histogram.js";
import { gather, type Gatherer, type GatherOptions } from "./gather.js";
import { Tally } from "./tally.js";

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

class Gathered<T> implements Gatherer<T, Histogram> {
  readonly #value: (event: T) => number | bigint | undefined;
  readonly #intervals: number;
  /** Intervals that are over and not yet forgotten, the oldest first. */
  readonly #before: Tally[] = [];
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

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}

function least(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? Math.min(...numbers) : undefined;
}

function greatest(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
}
