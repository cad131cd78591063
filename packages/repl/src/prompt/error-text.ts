import { harmless } from "@rxbpf/core";
import { blamed, messageOf } from "@rxbpf/core/events";

import type { Places } from "../session/places.js";

/** An error for a person: its name and message. Its strings are made harmless for the terminal. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${harmless(String(error))}`;
  const message = messageOf(error);
  return harmless(error.name === "Error" ? message : `${error.name}: ${message}`);
}

/**
 * An error that an input did not catch; a second line says where it arose, as far as known: in which stream, in which line of an
 * input or of a file.
 */
export function uncaughtText(error: unknown, places: Places): string {
  const said = error instanceof Error ? `${error.name}: ${messageOf(error)}` : String(error);
  const stream = blamed(error);
  const where = [...(stream === undefined ? [] : [`in ${stream}`]), ...places.of(error)];
  return [`Uncaught ${harmless(said)}`, ...(where.length > 0 ? [`    ${harmless(where.join(", "))}`] : [])].join("\n");
}
