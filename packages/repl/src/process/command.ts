import { constants } from "node:os";

import { printable } from "@rxbpf/core";
import type { Command } from "@rxbpf/filters";
import { Observable } from "rxjs";

import { jobState } from "./job.js";

/**
 * Runs a command on subscription: emits when the command runs, and completes when it has ended. This process then takes its
 * status, and reports one other than 0. Unsubscribing leaves the command running, and does not wait for it.
 */
export function runCommand(command: Command): Observable<void> {
  return new Observable((subscriber) => {
    const ended = (status: number): void => {
      if (subscriber.closed) return;
      process.exitCode = status;
      if (status !== 0) console.error(`rxbpf: ${printable(command.name)} ${howEnded(status)}`);
      subscriber.complete();
    };
    command.start().then(ended, (error) => subscriber.error(error));
    subscriber.next();
  });
}

function howEnded(status: number): string {
  const [signal] = Object.entries(constants.signals).find(([, number]) => number === status - 128) ?? [];
  return status > 128 && signal ? `was ended by ${signal}` : `ended with status ${status}`;
}

/**
 * Passes a signal on to a command. Not SIGINT if this process is in the terminal's foreground: then it was Ctrl-C, which the
 * command gets from the terminal. Returns whether it was passed on.
 */
export function handOn(command: Command, signal: NodeJS.Signals): boolean {
  if (signal === "SIGINT" && jobState() === "foreground") return false;
  command.kill(signal);
  return true;
}
