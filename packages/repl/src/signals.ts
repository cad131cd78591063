import { fromEvent, merge, type Observable, ReplaySubject, take } from "rxjs";

/**
 * Signals that end a run in good order, listened to from now on: one may come while the run starts. A second one finds
 * nobody listening: it ends the process at once.
 */
export function signals(): Observable<unknown> {
  const first = new ReplaySubject<unknown>(1);
  merge(...["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => fromEvent(process, signal)))
    .pipe(take(1))
    .subscribe(first);
  return first;
}
