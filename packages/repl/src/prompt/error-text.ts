import { printable } from "@rxbpf/core";

/** What a person is told of an error: its name and message, and where in the input it arose. Nothing of its strings reaches the terminal raw. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${printable(String(error))}`;
  const place = /\bprompt:(\d+)(?::\d+)?/.exec(error.stack ?? "")?.[1];
  const name = error.name === "Error" ? "" : `${error.name}: `;
  return printable(`${name}${error.message}${place && place !== "1" ? ` (line ${place})` : ""}`);
}
