import { harmless, messageOf } from "@rxbpf/core";
import { CommandError } from "@rxbpf/filters";
import { UsageError } from "@rxbpf/probes";
import { UnreadError } from "@rxbpf/sinks";

import { loseStandardStreams } from "./standard.js";

/** The run was asked for rightly and did not succeed. */
export const FAILED = 1;
/** The command line cannot be understood. */
export const WRONG_USAGE = 2;

/** Says why on stderr, in one line, and where if that is told; gives the status to exit with. */
export function fail(error: unknown, place?: string): number {
  const message = messageOf(error);
  console.error(`rxbpf: ${harmless(place === undefined ? message : `${place}: ${message}`)}`);
  // Whoever was to read it is as good as gone.
  if (error instanceof UnreadError) loseStandardStreams();
  if (error instanceof CommandError) return error.status;
  return error instanceof UsageError ? WRONG_USAGE : FAILED;
}
