import type { Observable } from "rxjs";

import { Iteration, WAITING } from "./iteration.js";
import { wholeNumber } from "../operators/whole-number.js";

/** Options of `iterate`. */
export interface IterateOptions {
  /** How many events may wait for the loop; 16,384 by default. */
  readonly limit?: number | undefined;
}

/**
 * Makes an observable readable by a loop: `for await (const e of iterate(merge(opensnoop(), execsnoop())))`. A stream
 * and the result of its `pipe` need no `iterate`. Each loop subscribes when it begins, and unsubscribes at once when it
 * is left by `break`, `return` or an error. When the observable completes, the loop ends; when it fails, the loop
 * throws its error. Both happen after all earlier events.
 *
 * Events wait while the loop's body is busy. Once half of `limit` wait, the streams that the observable was made from
 * are held: further events wait in the kernel's rings, and are counted as lost once those are full. A stream delivers
 * up to 4096 events at once; events beyond the limit are dropped and reported as a loss of that stream (of several, the
 * first) with the reason `buffer full`. An observable that was made from no stream cannot report a loss: then exceeding
 * the limit ends the loop with an error.
 * @throws RangeError for a limit below 1
 */
export function iterate<E>(
  observable: Observable<E>,
  { limit = WAITING }: IterateOptions = {},
): AsyncIterable<E, undefined> {
  wholeNumber("limit", limit, 1);
  return { [Symbol.asyncIterator]: () => new Iteration(observable, limit) };
}
