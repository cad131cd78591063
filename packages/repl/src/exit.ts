import { printable } from "@rxbpf/core";
import { UsageError } from "@rxbpf/probes";

/** The run was asked for rightly and did not succeed. */
const FAILED = 1;
/** The command line cannot be understood. */
export const WRONG_USAGE = 2;

/** Says why on stderr, in one line, and gives the status to exit with. */
export function fail(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`rxbpf: ${printable(message)}`);
  return error instanceof UsageError ? WRONG_USAGE : FAILED;
}
