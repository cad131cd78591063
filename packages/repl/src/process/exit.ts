import { harmless } from "@rxbpf/core";
import { messageOf } from "@rxbpf/core/events";
import { CommandError } from "@rxbpf/filters";
import { UsageError } from "@rxbpf/probes/define";
import { UnreadError } from "@rxbpf/sinks";

import { loseStandardStreams } from "./standard.js";

/** The command line was valid, and the run failed. */
export const FAILED = 1;
/** The command line is not valid. */
export const WRONG_USAGE = 2;

/** What each status that the command exits with means, for its help. */
export const STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ["0", "success. Ctrl-C, SIGTERM or SIGHUP is the normal end of a trace that would not end by itself."],
  [String(FAILED), "failure. One line on stderr says why."],
  [String(WRONG_USAGE), "wrong usage: the command line is not valid."],
  ["126, 127", "the command after -- cannot be run (126), or does not exist (127)."],
  [
    "128+N",
    "signal N cut short a run that would have ended by itself: one with --duration or a number of tables, a replay, an export.",
  ],
  ["others", "with -- COMMAND: the command's own status, or 128+N if signal N ended it."],
];

/** Writes one line to stderr: why, and where if given. Returns the status to exit with. */
export function fail(error: unknown, place?: string): number {
  const message = messageOf(error);
  console.error(`rxbpf: ${harmless(place === undefined ? message : `${place}: ${message}`)}`);
  // The reader has been idle for so long that it counts as gone.
  if (error instanceof UnreadError) loseStandardStreams();
  if (error instanceof CommandError) return error.status;
  return error instanceof UsageError ? WRONG_USAGE : FAILED;
}
