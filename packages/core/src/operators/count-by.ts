import type { OperatorFunction } from "rxjs";

import { Table } from "../values/table.js";

import { gather, type GatherOptions } from "./gather.js";
import { type Count, Counts, type Key } from "./counts.js";
import { wholeNumber } from "./whole-number.js";

/** Options of `countBy` and `top`. */
export interface CountOptions extends GatherOptions {
  /** How many keys are told apart; 65,536 by default. All further keys are counted together in one row. */
  readonly limit?: number | undefined;
}

/**
 * Counts events by a key: `opensnoop().pipe(countBy((e) => e.comm))`. Emits a table of rows `{ key, count }` every
 * second while the counts change, and the last one before the source ends or fails. The highest count comes first;
 * among equal counts, the key that came first. Counts run since the subscription; with `perInterval`, since the table
 * before; with `window`, over the last that many milliseconds:
 * `opensnoop().pipe(countBy((e) => e.comm, { window: 10_000 }))`.
 *
 * Keys may come from hostile processes, so only `limit` keys are told apart. Events with further keys are counted in
 * the last row, which has `others: true`. Keys of different types are different keys: `1` is not `"1"`.
 * @throws RangeError for options that are out of range; what `key` throws becomes the stream's error
 */
export function countBy<T, K extends Key>(
  key: (event: T) => K,
  options: CountOptions = {},
): OperatorFunction<T, Table<Count<K>>> {
  return countTables(key, options, Infinity);
}

/** A Map holds at most 2 ** 24 keys. */
const MOST_KEYS = 2 ** 24 - 1;

/** Emits tables of the keys with the highest counts, at most `rows` of them. */
export function countTables<T, K extends Key>(
  key: (event: T) => K,
  { limit = 65_536, ...options }: CountOptions,
  rows: number,
): OperatorFunction<T, Table<Count<K>>> {
  const most = wholeNumber("limit", limit, 1, MOST_KEYS);
  return gather(options, (intervals) => {
    const counts = new Counts<K>(most, intervals);
    const result = (time: number): Table<Count<K>> => new Table(time, counts.top(rows));
    return { add: (event: T) => counts.add(key(event)), result, turn: () => counts.turn() };
  });
}
