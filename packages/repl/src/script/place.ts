import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { PACKAGES, packageFolder } from "../session/packages.js";

/** A file's path as a person would type it here. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

/**
 * Where an error arose in a script, as FILE:LINE:COLUMN: in its own files, the innermost place, though packages that
 * it uses may have thrown it. Undefined for an error that does not tell. Source maps must be enabled.
 */
export function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || typeof error.stack !== "string") return undefined;
  // An import that cannot be linked has no frame, but a heading.
  const [, unlinked, line] = /^(\/.*):(\d+)\n/.exec(error.stack) ?? [];
  if (unlinked) return `${shownPath(unlinked)}:${line}`;
  const foreign = [...Object.values(PACKAGES).map(packageFolder), fileURLToPath(new URL("../..", import.meta.url))].map(
    (folder) => join(folder, sep),
  );
  for (const [, path, place] of error.stack.matchAll(FRAME)) {
    const file = path!.startsWith("file:") ? fileURLToPath(path!) : path!;
    if (file.includes("/node_modules/") || foreign.some((folder) => file.startsWith(folder))) continue;
    return `${shownPath(file)}:${place}`;
  }
  return undefined;
}

/** A line of a stack: `at name (/path:1:2)` or `at file:///path:1:2`. */
const FRAME = /^ +at (?:.* \()?((?:file:\/\/)?\/.*?):(\d+:\d+)\)?$/gm;
