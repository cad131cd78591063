import { fromEvent, merge, type Observable } from "rxjs";

/** Signals that end a run in good order. A second one finds nobody listening: it ends the process at once. */
export function signals(): Observable<unknown> {
  return merge(...["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => fromEvent(process, signal)));
}
