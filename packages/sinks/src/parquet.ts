import { setImmediate } from "node:timers/promises";

import type { CgroupView } from "@rxbpf/core/events";

import type { RecordedBatch } from "./arrow/recording.js";
import { type Series, seriesAt } from "./arrow/series.js";
import { viewed } from "./arrow/view.js";
import type { OutputOptions } from "./files/output-file.js";
import type { Target } from "./output.js";
import type { Progress } from "./sink.js";
import type { ParquetFile } from "./parquet/file.js";
import { Groups } from "./parquet/groups.js";
import { writeWhole } from "./whole.js";

/** After this many milliseconds other work gets a turn. */
const TURN_MS = 50;

/** The result of an export. */
export interface Exported {
  readonly rows: number;
  /** How many events were lost, by reason. */
  readonly lost: ReadonlyMap<string, number>;
  /** The files that were not finished. */
  readonly unfinished: readonly string[];
}

export interface ExportOptions extends OutputOptions, CgroupView {
  /** Ends the export early; the file then holds what was written so far. */
  readonly signal?: AbortSignal | undefined;
  /** Called a few times a second, and at the end. */
  readonly progress?: ((progress: Progress) => void) | undefined;
  /** Which events to export; all by default. */
  readonly matches?: ((event: Readonly<Record<string, unknown>>) => boolean) | undefined;
}

/**
 * Writes the events of a recording, or of all recordings of one probe in a directory, as one Parquet file. It has a
 * column for each field; times are nanoseconds in UTC, integers stay exact. It is compressed with Zstandard, or with
 * Snappy if Zstandard is not available. The recording's own metadata and the losses are in the file's metadata under
 * `rxbpf.`; the snapshots of processes are not. Memory holds one row group: 32,768 events, or fewer with long texts.
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 * @throws Error if there is no recording, if there are recordings of several probes, or if it cannot be written; then
 * no file is left
 */
export async function exportParquet(
  path: string | readonly string[],
  target: Target,
  { signal, force, matches, progress, ...view }: ExportOptions = {},
): Promise<Exported> {
  const [found, ...others] = seriesAt(path);
  if (others.length > 0)
    throw new Error(
      "Cannot write one Parquet file: the recordings come from several probes; export those of each probe by themselves",
    );
  const series = viewed(found, view);
  const { ParquetFile } = await import("./parquet/file.js");
  const result: Found = { rows: 0, lost: new Map(), unfinished: [] };
  return writeWhole(target, { force }, async (put) => {
    const file = new ParquetFile(series[0].info);
    let since = performance.now();
    let bytes = 0;
    const tell = (): void => progress?.({ rows: result.rows, bytes, lost: sum(result.lost) });
    for (const piece of encode(series, file, result, { signal, matches })) {
      if (piece) {
        await put(piece);
        bytes += piece.length;
      } else if (performance.now() - since > TURN_MS) {
        tell();
        await setImmediate();
        since = performance.now();
      }
    }
    tell();
    return result;
  });
}

/** What the export has found so far. */
interface Found extends Exported {
  rows: number;
  readonly lost: Map<string, number>;
  readonly unfinished: string[];
}

/**
 * Yields the bytes of the file, one row group at a time, and undefined after each batch, so that other work can get a
 * turn.
 */
function* encode(
  series: Series,
  file: ParquetFile,
  found: Found,
  { signal, matches }: ExportOptions,
): Generator<Uint8Array | undefined> {
  const groups = new Groups(Object.keys(series[0].info.schema.fields));
  for (const batch of batchesOf(series, found)) {
    if (signal?.aborted) break;
    for (const { note } of batch.notes)
      if (note.type === "lost") found.lost.set(note.reason, (found.lost.get(note.reason) ?? 0) + note.count);
    for (const group of groups.add(batch, matches)) {
      found.rows += group.rows;
      yield file.group(group);
    }
    yield undefined;
  }
  for (const group of groups.end()) {
    found.rows += group.rows;
    yield file.group(group);
  }
  yield file.end(found.lost);
}

function* batchesOf(series: Series, { unfinished }: Found): Generator<RecordedBatch> {
  for (const { path, batches } of series) {
    const { finished } = yield* batches();
    if (!finished) unfinished.push(path);
  }
}

function sum(lost: ReadonlyMap<string, number>): number {
  return [...lost.values()].reduce((all, one) => all + one, 0);
}
