import { harmless } from "@rxbpf/core";
import { blamed, messageOf } from "@rxbpf/core/events";

import type { Places } from "../session/places.js";

/** What a person is told of an error: its name and message. Nothing of its strings reaches the terminal as it is. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${harmless(String(error))}`;
  const message = messageOf(error);
  return harmless(error.name === "Error" ? message : `${error.name}: ${message}`);
}

/**
 * The same of an error that what was typed did not catch, and in a second line where it arose, as far as that is known: in
 * which stream, in which line of an input or of a file.
 */
export function uncaughtText(error: unknown, places: Places): string {
  const said = error instanceof Error ? `${error.name}: ${messageOf(error)}` : String(error);
  const stream = blamed(error);
  const where = [...(stream === undefined ? [] : [`in ${stream}`]), ...places.of(error)];
  return [`Uncaught ${harmless(said)}`, ...(where.length > 0 ? [`    ${harmless(where.join(", "))}`] : [])].join("\n");
}
