import { harmless } from "@rxbpf/core";
import { UsageError } from "@rxbpf/probes";

/** The run was asked for rightly and did not succeed. */
export const FAILED = 1;
/** The command line cannot be understood. */
export const WRONG_USAGE = 2;

/** Says why on stderr, in one line, and where if that is told; gives the status to exit with. */
export function fail(error: unknown, place?: string): number {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`rxbpf: ${harmless(place === undefined ? message : `${place}: ${message}`)}`);
  return error instanceof UsageError ? WRONG_USAGE : FAILED;
}
