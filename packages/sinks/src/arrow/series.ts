import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { readRecording, type Recording } from "./recording.js";

/** Recordings of one probe with the same fields, in the order in which they were started. */
export type Series = readonly [Recording, ...Recording[]];

/**
 * The recordings in a file, or in all files of a directory whose names end with `.arrow`; or in all of a list of these.
 * @throws Error if there are none, or one cannot be read
 */
export function seriesAt(path: string | readonly string[]): readonly [Series, ...Series[]] {
  const groups = new Map<string, [Recording, ...Recording[]]>();
  for (const recording of [path].flat().flatMap(filesAt).map(readRecording)) {
    const { probe, schema } = recording.info;
    const fields = Object.entries(schema.fields).map(([name, { kind, optional }]) => [name, kind, optional]);
    const key = JSON.stringify([probe, fields]);
    const before = groups.get(key);
    if (before) before.push(recording);
    else groups.set(key, [recording]);
  }
  const [first, ...others] = [...groups.values()].map(inOrder);
  if (!first) throw new RangeError("Cannot read recordings: no path is given; give a file or a directory");
  return [first, ...others];
}

/** Sorts recordings by their start; those of one boot of a machine by a clock that nobody can set. */
export function inOrder<T extends readonly Recording[]>(parts: T): T {
  const last = new Map<string, string>();
  for (const { info } of parts) if (info.started > (last.get(info.boot) ?? "")) last.set(info.boot, info.started);
  const boot = ({ info }: Recording): string =>
    info.boot === "" ? info.started : `${last.get(info.boot)} ${info.boot}`;
  return parts.toSorted(
    (a, b) => order(boot(a), boot(b)) || a.info.uptime - b.info.uptime || order(a.path, b.path),
  ) as readonly Recording[] as T;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function filesAt(path: string): readonly string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith(".arrow"));
  if (names.length === 0) throw new Error(`Cannot read ${path}: no file in it ends with .arrow`);
  return names.map((name) => join(path, name));
}
