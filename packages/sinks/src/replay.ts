import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { EventStream, type Field, type StreamInfo, text } from "@rxbpf/core";

import { Player } from "./arrow/player.js";
import { readRecording, type Recording } from "./arrow/recording.js";
import { Track } from "./arrow/track.js";
import { columnsOf } from "./table.js";

export interface ReplayOptions {
  /** How many times faster than it was recorded: 1 is the recorded pace; as fast as can be if not given. */
  readonly speed?: number | undefined;
}

/**
 * The stream that was recorded: the same rows, losses among them where they happened. It reads a file; or all
 * files of a directory whose names end with `.arrow`; or files. Those of one probe follow each other by
 * when they were started. Those of several are merged by time, and each row then has
 * the probe's name as `probe`. Files that were cut are read as far as they go, and a notice says so.
 *
 * A file may come from anybody: what it says is checked, but its texts are as untrusted as those of a live stream.
 * @throws Error where there is no recording at the path; RangeError for a speed that is none
 */
export function replay<E = Readonly<Record<string, unknown>>>(
  path: string | readonly string[],
  { speed = Infinity }: ReplayOptions = {},
): EventStream<E> {
  if (!(speed > 0)) throw new RangeError(`A speed is a number above 0, not ${speed}`);
  const recordings = (typeof path === "string" ? filesAt(path) : path).map(readRecording);
  if (recordings.length === 0) throw new RangeError("There is no file to replay");
  const groups = group(recordings);
  const several = groups.length > 1;
  return new EventStream<E>(several ? mergedInfo(groups) : infoOf(recordings[0]!), (receiver) => {
    receiver.status({ type: "attached", programs: [] });
    const tracks = groups.map((parts) => {
      const { probe } = parts[0]!.info;
      const track = new Track(parts, ({ path }, { finished, dropped }) => {
        const cut = dropped > 0 ? `; ${dropped} bytes at its end are no whole batch` : "";
        if (!finished) receiver.status({ type: "notice", message: `${path} was not finished${cut}` });
      });
      return { track, change: (row: object) => (several ? { probe, ...row } : row) };
    });
    return new Player(receiver as never, tracks, speed);
  });
}

/** The recordings at a path. @throws Error where there are none */
function filesAt(path: string): readonly string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith(".arrow"));
  if (names.length === 0) throw new Error(`Cannot read ${path}: no file in it ends with .arrow`);
  return names.map((name) => join(path, name));
}

/** Recordings by probe; those of one in the order in which they were made. */
function group(recordings: readonly Recording[]): Recording[][] {
  const groups = new Map<string, Recording[]>();
  for (const recording of recordings) {
    const { probe, schema } = recording.info;
    const key = JSON.stringify([probe, Object.entries(schema.fields).map(([name, { kind }]) => [name, kind])]);
    groups.set(key, [...(groups.get(key) ?? []), recording]);
  }
  const rank = ({ info, path }: Recording): string => `${info.started} ${path}`;
  return [...groups.values()].map((parts) => parts.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)));
}

function infoOf({ info }: Recording): StreamInfo {
  return { name: info.probe, schema: info.schema, options: info.options, columns: () => columnsOf(info.schema) };
}

function mergedInfo(groups: readonly (readonly Recording[])[]): StreamInfo {
  const fields: Record<string, Field<unknown>> = { probe: text("the probe that saw it") };
  const all = groups.map(([part]) => part!.info.schema.fields);
  for (const [name, field] of all.flatMap((one) => Object.entries(one))) {
    const everywhere = all.every((one) => one[name] && !one[name].optional);
    fields[name] ??= everywhere ? field : { ...field, optional: true };
  }
  const schema = { struct: "", fields };
  return { name: "replay", schema, columns: () => columnsOf(schema) };
}
