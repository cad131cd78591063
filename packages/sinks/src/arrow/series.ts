import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { readRecording, type Recording } from "./recording.js";

/** Recordings of one probe, with the same fields, in the order in which they were started. */
export type Series = readonly [Recording, ...Recording[]];

/**
 * The recordings in a file; or in all files of a directory whose names end with `.arrow`; or in files.
 * @throws Error where there are none, or one cannot be read
 */
export function seriesAt(path: string | readonly string[]): readonly [Series, ...Series[]] {
  const groups = new Map<string, [Recording, ...Recording[]]>();
  for (const recording of (typeof path === "string" ? filesAt(path) : path).map(readRecording)) {
    const { probe, schema } = recording.info;
    const fields = Object.entries(schema.fields).map(([name, { kind, optional }]) => [name, kind, optional]);
    const key = JSON.stringify([probe, fields]);
    const before = groups.get(key);
    if (before) before.push(recording);
    else groups.set(key, [recording]);
  }
  const rank = ({ info, path }: Recording): string => `${info.started} ${path}`;
  const [first, ...others] = [...groups.values()].map((parts) => parts.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)));
  if (!first) throw new RangeError("There is no recording to read");
  return [first, ...others];
}

function filesAt(path: string): readonly string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith(".arrow"));
  if (names.length === 0) throw new Error(`Cannot read ${path}: no file in it ends with .arrow`);
  return names.map((name) => join(path, name));
}
