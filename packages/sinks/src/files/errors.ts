import { stateOf } from "@rxbpf/core/events";

/** What to say when writing to what messages call `name` has failed. */
export function writeError(name: string, error: NodeJS.ErrnoException): Error {
  const state = error.code === "ENXIO" ? "no process reads it" : stateOf(error);
  return new Error(`Cannot write to ${name}: ${state}`, { cause: error });
}
