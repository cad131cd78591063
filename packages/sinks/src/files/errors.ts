import { stateOf } from "@rxbpf/core/events";

/** The error to throw when writing has failed. `name` is what messages call the target. */
export function writeError(name: string, error: NodeJS.ErrnoException): Error {
  const state = error.code === "ENXIO" ? "no process reads it" : stateOf(error);
  return new Error(`Cannot write to ${name}: ${state}`, { cause: error });
}
