import type { OperatorFunction } from "rxjs";

import { Table } from "../values/table.js";

import { gather, type GatherOptions } from "./gather.js";
import { type Count, Counts, type Key } from "./counts.js";
import { wholeNumber } from "./whole-number.js";

/** How `countBy` and `top` count. */
export interface CountOptions extends GatherOptions {
  /** How many keys are told apart; 65,536 if not given. All further ones are counted in one row together. */
  readonly limit?: number | undefined;
}

/**
 * Counts events by a key: `opensnoop().pipe(countBy((e) => e.comm))`. Emits tables with rows `{ key, count }`, most
 * first, and among equals the key that came first: every second while the counts change, and the last before the
 * end or error of the source. Counts are since the subscription; with `perInterval` since the table before; with
 * `window` of the last so many milliseconds, live: `opensnoop().pipe(countBy((e) => e.comm, { window: 10_000 }))`.
 *
 * Keys may come from hostile processes, so only `limit` of them are told apart. Events with further keys are counted
 * in the last row, which has `others: true`. Keys of different types are different keys: `1` is not `"1"`.
 * @throws RangeError for options that are out of range; what `key` throws is the stream's error
 */
export function countBy<T, K extends Key>(
  key: (event: T) => K,
  options: CountOptions = {},
): OperatorFunction<T, Table<Count<K>>> {
  return countTables(key, options, Infinity);
}

/** What a Map can hold is 2 ** 24 keys. */
const MOST_KEYS = 2 ** 24 - 1;

/** Tables of the keys that were counted most, at most so many of them. */
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
