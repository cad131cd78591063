import { harmless } from "@rxbpf/core";

/** What a person is told of an error: its name and message. Nothing of its strings reaches the terminal as it is. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${harmless(String(error))}`;
  return harmless(error.name === "Error" ? error.message : `${error.name}: ${error.message}`);
}
