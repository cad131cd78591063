import { printable } from "../text/printable.js";

/** Marks a stack that could not be followed to its outermost frame. */
export const CUT = "[cut]";

/**
 * A stack on one line, the input for flame graphs: names from the outermost to the innermost, separated by `;`, and how much was
 * counted there. In a name a `;` becomes `:`.
 */
export function foldedLine(names: readonly string[], amount: number | bigint): string {
  return `${names.map((name) => printable(name).replaceAll(";", ":")).join(";")} ${amount}\n`;
}
