import { harmless } from "@rxbpf/core";

/** An error in an input, and its place: `line` and `column` count from 0. */
export interface Fault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
  /** Length in characters; 0 if only the place is known. */
  readonly width: number;
}

/** The line, a mark below the wrong part, and the reason. */
export function faultText({ message, line, column, width }: Fault, source: string): string {
  const lines = source.trimEnd().split("\n");
  const text = lines[line] ?? "";
  const shown = Math.max(1, Math.min(width, text.length - column));
  return [
    ...(lines.length > 1 ? [`line ${line + 1}:`] : []),
    harmless(text),
    " ".repeat(column) + "~".repeat(shown),
    message.split("\n").map(harmless).join("\n"),
  ].join("\n");
}
