import { SourceMap } from "node:module";

import { evaluatedName, frameOf, shownPath } from "../typescript/files.js";
import type { Lowered } from "./lower.js";

/** For this many inputs, the places of errors are known. */
const MOST = 1000;

interface Ran {
  readonly lines: readonly string[];
  readonly map: Lowered["map"];
}

/** Finds where in the inputs errors arise. */
export class Places {
  readonly #ran = new Map<string, Ran>();
  #last = 0;

  /** Names an input that is about to run; the stacks of errors have that name. */
  add(source: string, { map }: Lowered): string {
    const name = evaluatedName(++this.#last);
    this.#ran.set(name, { lines: source.trimEnd().split("\n"), map });
    this.#ran.delete(evaluatedName(this.#last - MOST));
    return name;
  }

  /** Where an error arose: in a file, or in a line of an input, with the text of that line. Empty if the error does not tell. */
  of(error: unknown): [place?: string] {
    const frame = frameOf(error);
    if (!frame) return [];
    const { file, line, column } = frame;
    const input = this.#ran.get(file);
    if (!input) return file.startsWith("/") ? [`at ${shownPath(file)}:${line}:${column}`] : [];
    const { originalLine = 0 } = sourceMap(file, input).findEntry(line - 1, column - 1) as { originalLine?: number };
    return [`at line ${originalLine + 1}: ${input.lines[originalLine]?.trim() ?? ""}`];
  }
}

function sourceMap(file: string, { map }: Ran): SourceMap {
  return new SourceMap({ file, version: 3, sources: [file], sourcesContent: [], names: [], sourceRoot: "", ...map });
}
