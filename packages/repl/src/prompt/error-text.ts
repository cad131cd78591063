import { messageOf, printable } from "@rxbpf/core";

/** What a person is told of an error: its name and message. Nothing of its strings reaches the terminal as it is. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${printable(String(error))}`;
  const message = messageOf(error);
  return printable(error.name === "Error" ? message : `${error.name}: ${message}`);
}
