import { fromEvent, merge, type Observable, of, ReplaySubject, take } from "rxjs";

import { lost } from "./standard.js";

/**
 * What ends a run in good order, listened to from now on, as it may come while the run starts: a signal, or the loss of the terminal
 * or of the reader. A second signal finds nobody listening: it ends the process at once. But not SIGHUP: of a terminal that is closed
 * both shell and kernel tell.
 */
export function signals(): Observable<unknown> {
  const first = new ReplaySubject<unknown>(1);
  const sent = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => fromEvent(process, signal));
  merge(lost.aborted ? of(undefined) : fromEvent(lost, "abort"), ...sent)
    .pipe(take(1))
    .subscribe(first);
  process.on("SIGHUP", ignore);
  return first;
}

function ignore(): void {}
