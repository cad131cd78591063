import type { OperatorFunction } from "rxjs";

import { type CountOptions, countTables } from "./count-by.js";
import type { Count, Key } from "./counts.js";
import type { Table } from "../values/table.js";
import { wholeNumber } from "./whole-number.js";

/**
 * Counts events by a key as `countBy` does, and emits the `n` rows with the highest counts:
 * `opensnoop().pipe(top(10, (e) => e.path))`; of the last ten seconds, live:
 * `opensnoop().pipe(top(10, (e) => e.path, { window: 10_000 }))`. If there are more keys than the limit, a last row
 * counts all further keys together.
 * @throws RangeError for an `n` or options that are out of range; what `key` throws becomes the stream's error
 */
export function top<T, K extends Key>(
  n: number,
  key: (event: T) => K,
  options: CountOptions = {},
): OperatorFunction<T, Table<Count<K>>> {
  return countTables(key, options, wholeNumber("n", n, 1));
}
