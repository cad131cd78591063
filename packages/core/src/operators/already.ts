import { defer, from, type Observable, type Operator } from "rxjs";

import { EventStream } from "../stream/stream.js";

/**
 * The earlier events of the stream (see `StreamInfo.already`) that an observable was made from, passed through the same
 * operators. Undefined if there is no such stream, or if something else than operators lies between.
 */
export function alreadyOf(observable: Observable<unknown>): Observable<unknown> | undefined {
  if (observable instanceof EventStream) {
    const { already } = observable.info;
    return already && defer(() => from(already()));
  }
  // RxJS 7 links the result of an operator to its source in this way.
  const { source, operator } = observable as {
    source?: Observable<unknown>;
    operator?: Operator<unknown, unknown> | undefined;
  };
  const before = source && alreadyOf(source);
  return before && (operator ? before.lift(operator) : before);
}
