import { printable } from "@rxbpf/core";

import type { Places } from "../session/places.js";

/** What a person is told of an error: its name and message. Nothing of its strings reaches the terminal as it is. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${printable(String(error))}`;
  return printable(error.name === "Error" ? error.message : `${error.name}: ${error.message}`);
}

/** The same of an error that what was typed did not catch, and where it arose: in which stream, file or line. */
export function uncaughtText(error: unknown, places: Places): string {
  const said = error instanceof Error ? printable(`${error.name}: ${error.message}`) : printable(String(error));
  const place = places.of(error);
  return `Uncaught ${said}${place === undefined ? "" : `\n    at ${printable(place)}`}`;
}
