import type { OperatorFunction } from "rxjs";

import { Histogram } from "../histogram.js";
import { gather, type Gatherer, type GatherOptions } from "./gather.js";

/**
 * Counts values in buckets of powers of two: `tcpconnect({ dns: true }).pipe(histogram((e) => e.queryAgeMs))`. Emits a `Histogram`
 * every second while values come, and the last before the end or error of the source. It is of all values since the
 * subscription; with `perInterval` of those since the one before.
 *
 * A bigint counts in its exact bucket. Negative values, and what is no finite number (NaN, undefined), are counted apart.
 * @throws RangeError for options that are out of range; what `value` throws is the stream's error
 */
export function histogram<T>(
  value: (event: T) => number | bigint | undefined,
  options: GatherOptions = {},
): OperatorFunction<T, Histogram> {
  return gather(options, () => gatherer(value));
}

function gatherer<T>(value: (event: T) => number | bigint | undefined): Gatherer<T, Histogram> {
  const counts: number[] = [];
  let [count, sum, negative, invalid] = [0, 0, 0, 0];
  let min: number | undefined;
  let max: number | undefined;
  return {
    add(event) {
      const given = value(event);
      const number = Number(given ?? NaN);
      if (!Number.isFinite(number)) return void invalid++;
      if (number < 0) return void negative++;
      const at = bucketOf(given!, number);
      while (counts.length <= at) counts.push(0);
      counts[at]!++;
      count++;
      sum += number;
      if (min === undefined || number < min) min = number;
      if (max === undefined || number > max) max = number;
    },
    result: () => new Histogram({ count, min, max, sum, negative, invalid }, counts),
  };
}

/** The whole part of the binary logarithm, and 0 below 2. Rounding may have made a number a power of two, so it is checked. */
function bucketOf(given: number | bigint, number: number): number {
  if (number < 2) return 0;
  const at = Math.floor(Math.log2(number));
  return (typeof given === "bigint" ? 1n << BigInt(at) : 2 ** at) > given ? at - 1 : at;
}
