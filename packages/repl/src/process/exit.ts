import { harmless } from "@rxbpf/core";
import { messageOf } from "@rxbpf/core/events";
import { CommandError } from "@rxbpf/filters";
import { UsageError } from "@rxbpf/probes/define";
import { UnreadError } from "@rxbpf/sinks";

import { loseStandardStreams } from "./standard.js";

/** The run was asked for rightly and did not succeed. */
export const FAILED = 1;
/** The command line cannot be understood. */
export const WRONG_USAGE = 2;

/** What each status that the command exits with means, for its help. */
export const STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ["0", "success. Ctrl-C, SIGTERM and SIGHUP are the normal end of a trace that has no other."],
  [String(FAILED), "it failed; one line on stderr says why."],
  [String(WRONG_USAGE), "the command line cannot be understood."],
  ["126, 127", "the command behind -- cannot be run, or is not there."],
  [
    "128+N",
    "the signal of number N cut short what would have ended by itself: a run with --duration or a number of tables, a replay, an export.",
  ],
  ["others", "with -- COMMAND, the command's own status; 128+N where the signal of number N ended it."],
];

/** Says why on stderr, in one line, and where if that is told; gives the status to exit with. */
export function fail(error: unknown, place?: string): number {
  const message = messageOf(error);
  console.error(`rxbpf: ${harmless(place === undefined ? message : `${place}: ${message}`)}`);
  // Whoever was to read it is as good as gone.
  if (error instanceof UnreadError) loseStandardStreams();
  if (error instanceof CommandError) return error.status;
  return error instanceof UsageError ? WRONG_USAGE : FAILED;
}
