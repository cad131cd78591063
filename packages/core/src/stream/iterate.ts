import type { Observable } from "rxjs";

import { Iteration, WAITING } from "./iteration.js";
import { wholeNumber } from "../operators/whole-number.js";

/** How a loop takes events. */
export interface IterateOptions {
  /** How many events wait for the loop at most; 16,384 if not given. */
  readonly limit?: number | undefined;
}

/**
 * The events of an observable for a loop: `for await (const e of iterate(merge(opensnoop(), execsnoop())))`. A stream, and
 * what its `pipe` gives, can stand in a loop by itself. It is subscribed to when the loop begins, anew for each loop, and ended at once
 * when the loop is left, by `break`, `return` or an error. Its end ends the loop; its error is thrown there, both after
 * the events before.
 *
 * While the loop's body takes its time, events wait. From half of `limit` on the streams that the observable was made
 * from are held, so that events wait in the kernel's rings and are counted there once those are full. A stream
 * gives up to 4096 events at once; what exceeds the limit is dropped and is a loss of that stream (of several, the
 * first), `buffer full`. Where there is no stream, exceeding the limit ends the loop with an error.
 * @throws RangeError for a limit that is below 1
 */
export function iterate<E>(
  observable: Observable<E>,
  { limit = WAITING }: IterateOptions = {},
): AsyncIterable<E, undefined> {
  wholeNumber("limit", limit, 1);
  return { [Symbol.asyncIterator]: () => new Iteration(observable, limit) };
}
