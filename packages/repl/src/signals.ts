import { type Observable, ReplaySubject } from "rxjs";

import { lost } from "./standard.js";

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * What ends a run in good order, listened to from now on, as it may come while the run starts: a signal, or the loss of the terminal
 * or of the reader. A second signal finds nobody listening: it ends the process at once. But not SIGHUP: of a terminal that is closed
 * both shell and kernel tell.
 */
export function signals(): Observable<unknown> {
  const first = new ReplaySubject<void>(1);
  const hear = (): void => {
    // Before anything is ended, which takes a while.
    for (const signal of ENDING) process.off(signal, hear);
    lost.removeEventListener("abort", hear);
    process.on("SIGHUP", ignore);
    first.next();
    first.complete();
  };
  if (lost.aborted) hear();
  else {
    for (const signal of ENDING) process.on(signal, hear);
    lost.addEventListener("abort", hear);
  }
  return first;
}

function ignore(): void {}
