import { defer, from, type Observable, type Operator } from "rxjs";

import { EventStream } from "../stream/stream.js";

/**
 * What a stream knows to have happened before, by way of the operators that were applied to it; undefined where there is
 * no such stream, or something else on the way.
 */
export function alreadyOf(observable: Observable<unknown>): Observable<unknown> | undefined {
  if (observable instanceof EventStream) {
    const { already } = observable.info;
    return already && defer(() => from(already()));
  }
  // How RxJS 7 links the result of an operator to what it was applied to.
  const { source, operator } = observable as {
    source?: Observable<unknown>;
    operator?: Operator<unknown, unknown> | undefined;
  };
  const before = source && alreadyOf(source);
  return before && (operator ? before.lift(operator) : before);
}
