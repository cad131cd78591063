import { constants } from "node:os";

import type { Command } from "@rxbpf/filters";
import { type Observable, ReplaySubject } from "rxjs";

import { handOn } from "./command.js";
import { lost } from "./standard.js";

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What ends a run before its time: a signal; or undefined, the loss of the terminal or of the reader. */
export type Ending = (typeof ENDING)[number] | undefined;

/**
 * What ends a run in good order, listened to from now on, as it may come while the run starts. A second signal finds
 * nobody listening: it ends the process at once. But not SIGHUP: of a terminal that is closed both shell and kernel tell.
 * @param command gets the signals that come while it runs, so that it ends, and this run with it
 */
export function signals(command?: Command): Observable<Ending> {
  const first = new ReplaySubject<Ending>(1);
  const hearing = ENDING.map((signal) => [signal, () => hear(signal)] as const);
  const lose = (): void => hear(undefined);
  const stopHearing = (): void => {
    for (const [signal, listener] of hearing) process.off(signal, listener);
    process.on("SIGHUP", ignore);
  };
  const hear = (ending: Ending): void => {
    if (ending && command?.isRunning) {
      if (handOn(command, ending)) stopHearing();
      return;
    }
    // Before anything is ended, which takes a while.
    stopHearing();
    lost.removeEventListener("abort", lose);
    first.next(ending);
    first.complete();
  };
  if (lost.aborted) lose();
  else {
    for (const [signal, listener] of hearing) process.on(signal, listener);
    lost.addEventListener("abort", lose);
  }
  return first;
}

function ignore(): void {}

/**
 * Makes the status of this process that of a run which would have ended by itself and was cut short.
 * @param command what the run ends with: its own status stays where it has ended already
 */
export function cutShort(ending: Ending, command?: Command): void {
  if (ending && !command?.hasEnded) process.exitCode = 128 + constants.signals[ending];
}
