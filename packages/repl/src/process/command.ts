import { readFileSync } from "node:fs";
import { constants } from "node:os";

import { printable } from "@rxbpf/core";
import type { Command } from "@rxbpf/filters";
import { Observable } from "rxjs";

/**
 * Runs a command when it is subscribed to: emits when it runs, and completes when it has ended. Its status is that of this process then;
 * one that is not 0 is told. Unsubscribing leaves it running, and does not wait for it.
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
 * Hands a signal on to a command. Not SIGINT where this process is in the terminal's foreground: it was Ctrl-C then,
 * which the command gets too. Returns whether it was handed on.
 */
export function handOn(command: Command, signal: NodeJS.Signals): boolean {
  if (signal === "SIGINT" && isForeground()) return false;
  command.kill(signal);
  return true;
}

function isForeground(): boolean {
  // proc_pid_stat(5): behind the name, which may hold anything, state ppid pgrp session tty_nr tpgid
  const [, , group, , , foreground] = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)!.split(" ");
  return group === foreground;
}
