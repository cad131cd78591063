import { constants } from "node:os";

import type { Command } from "@rxbpf/filters";
import { type Observable, ReplaySubject } from "rxjs";

import { handOn } from "./command.js";
import { lost } from "./standard.js";

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What ends a run early: a signal; or undefined, if the terminal or the reader is gone. */
export type Ending = (typeof ENDING)[number] | undefined;

/**
 * Listens from now on for what ends a run in good order, because it can come while the run starts. A second signal has no
 * handler, so it ends the process at once; except SIGHUP, which both shell and kernel send when a terminal is closed.
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
    // First, because ending everything takes a while.
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
 * Sets the status of this process for a run that a signal cut short and that would have ended by itself.
 * @param command the command with which the run ends; if it has already ended, its status stays
 */
export function cutShort(ending: Ending, command?: Command): void {
  if (ending && !command?.hasEnded) process.exitCode = 128 + constants.signals[ending];
}
