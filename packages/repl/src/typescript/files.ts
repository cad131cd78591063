import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { PACKAGES, packageFolder } from "./packages.js";

/** A file's path as a person would type it: relative if the file is below the working directory. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

/** The line and column of an offset in a text, counted from 0. */
export function placeAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length - 1, column: before.at(-1)!.length };
}

/** A place in the user's own code: in a file, or in an input. */
export interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * The innermost place in the user's own code where an error arose, even if a package that it calls has thrown it. Undefined if
 * the error does not tell. Source maps must be enabled.
 */
export function frameOf(error: unknown): Frame | undefined {
  if (!(error instanceof Error) || typeof error.stack !== "string") return undefined;
  const foreign = [...Object.values(PACKAGES).map(packageFolder), fileURLToPath(new URL("../..", import.meta.url))].map(
    (folder) => join(folder, sep),
  );
  for (const [, path, line, column] of error.stack.matchAll(FRAME)) {
    const file = path!.startsWith("file:") ? fileURLToPath(path!) : path!;
    if (file.includes("/node_modules/") || foreign.some((folder) => file.startsWith(folder))) continue;
    return { file, line: Number(line), column: Number(column) };
  }
  return undefined;
}

/** The place in a script where an error arose, as FILE:LINE:COLUMN. Undefined if the error does not tell. */
export function placeOf(error: unknown): string | undefined {
  // The stack of an import that cannot be linked has no frame, but a heading with the place.
  const [, unlinked, line] = /^(\/.*):(\d+)\n/.exec((error as { stack?: string } | null)?.stack ?? "") ?? [];
  if (unlinked) return `${shownPath(unlinked)}:${line}`;
  const frame = frameOf(error);
  return frame && `${shownPath(frame.file)}:${frame.line}:${frame.column}`;
}

/** The name of evaluated code in the stacks of its errors. */
export function evaluatedName(id: number): string {
  return `input:${id}`;
}

/** A line of a stack: `at name (/path:1:2)`, `at file:///path:1:2` or `at input:7:1:2`. */
const FRAME = /^ +at (?:.* \()?((?:file:\/\/)?\/.*?|input:\d+):(\d+):(\d+)\)?$/gm;
