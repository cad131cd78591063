import { EventStream, type Field, type StreamInfo, Table } from "@rxbpf/core";
import { type CgroupView, text } from "@rxbpf/core/events";

import { Player } from "./arrow/player.js";
import type { RecordingInfo } from "./arrow/metadata.js";
import { seriesAt } from "./arrow/series.js";
import { Track } from "./arrow/track.js";
import { viewed } from "./arrow/view.js";
import { columnsOf } from "./table.js";

/** Options of `replay`. */
export interface ReplayOptions extends CgroupView {
  /** How many times faster than recorded: 1 is the recorded pace. As fast as possible by default. */
  readonly speed?: number | undefined;
  /** Gives times as they were recorded: as a bigint, in Unix nanoseconds. */
  readonly nanoseconds?: boolean | undefined;
}

/**
 * Makes a stream of recorded events: the same rows, with losses where they happened. `path` is a file, or a
 * directory, of which all files are read whose names end with `.arrow`, or a list of these. Recordings of one probe follow each other
 * in the order of their start. Recordings of several probes are merged by time, and each row gets the probe's name as
 * `probe`. Files that were cut are read as far as they go, with a notice.
 *
 * Files need not be trusted: their structure is checked. Their texts are as untrusted as those of a live stream.
 * @throws Error if there is no recording at the path; RangeError for a speed that is not above 0
 */
export function replay<E = Readonly<Record<string, unknown>>>(
  path: string | readonly string[],
  { speed = Infinity, nanoseconds = false, ...view }: ReplayOptions = {},
): EventStream<E> {
  if (!(speed > 0)) throw new RangeError(`speed takes a number above 0, not ${speed}`);
  const series = seriesAt(path).map((one) => viewed(one, view));
  const several = series.length > 1;
  const infos = series.map(([{ info }]) => info) as [RecordingInfo, ...RecordingInfo[]];
  return new EventStream<E>(replayedInfo(infos), (receiver) => {
    receiver.status({ type: "attached", programs: [] });
    const tracks = series.map((parts) => {
      const track = new Track(
        parts,
        ({ path }, { finished, dropped }) => {
          const cut = dropped > 0 ? `; ${dropped} bytes at its end are no whole batch` : "";
          if (!finished) receiver.status({ type: "notice", message: `${path} was not finished${cut}` });
        },
        nanoseconds,
      );
      const { probe, tables } = parts[0].info;
      const named = (row: object): object => ({ probe, ...row });
      const change = (event: object | Table<object>): object =>
        !several ? event : event instanceof Table ? event.map(named) : named(event);
      return { track, tables, change };
    });
    return new Player(receiver as never, tracks, speed);
  });
}

/**
 * What is known of a stream of recorded events. Those of several recordings get the name of their probe as `probe`, and
 * fields that only some of them have are optional.
 */
export function replayedInfo(infos: readonly [RecordingInfo, ...RecordingInfo[]]): StreamInfo {
  return infos.length > 1 ? mergedInfo(infos) : infoOf(infos[0]);
}

function infoOf({ probe: name, output, tables, schema, options }: RecordingInfo): StreamInfo {
  return { name, schema, options, ...(output && { output }), tables, columns: () => columnsOf(schema) };
}

function mergedInfo(infos: readonly RecordingInfo[]): StreamInfo {
  const fields: Record<string, Field<unknown>> = { probe: text("the probe that saw it") };
  const all = infos.map(({ schema }) => schema.fields);
  for (const [name, field] of all.flatMap((one) => Object.entries(one))) {
    if (Object.hasOwn(fields, name)) continue;
    const everywhere = all.every((one) => one[name] && !one[name].optional);
    fields[name] = everywhere ? field : { ...field, optional: true };
  }
  const schema = { struct: "", fields };
  return { name: "replay", schema, columns: () => columnsOf(schema) };
}
