import type { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";

import type { RecordedBatch } from "./arrow/recording.js";
import { type Series, seriesAt } from "./arrow/series.js";
import { writeError } from "./files/errors.js";
import type { OutputOptions } from "./files/output-file.js";
import { outputTo, type Target } from "./output.js";
import type { ParquetFile } from "./parquet/file.js";
import { Groups } from "./parquet/groups.js";

/** After so many milliseconds others have a turn. */
const TURN_MS = 50;

/** What an export found in recordings. */
export interface Exported {
  readonly rows: number;
  /** Events that were lost, by reason. */
  readonly lost: ReadonlyMap<string, number>;
  /** The files that were not finished. */
  readonly unfinished: readonly string[];
}

export interface ExportOptions extends OutputOptions {
  /** Ends the export early, with a file of what was written so far. */
  readonly signal?: AbortSignal | undefined;
  /** Which events are exported; all if not given. */
  readonly matches?: ((event: Readonly<Record<string, unknown>>) => boolean) | undefined;
}

/**
 * Writes the events of a recording, or of all files of one probe in a directory, as one Parquet file, compressed with
 * Zstandard, or with Snappy where that is not at hand: a column for each field, moments as nanoseconds in UTC, integers as they are. What the recording
 * says of itself, and the losses, are in the file's metadata under `rxbpf.`; the snapshot of processes is not.
 * Memory holds one row group: 32,768 events, or fewer with long texts.
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 * @throws Error where there is no recording, or those of several probes, or it cannot be written: no file is left then
 */
export async function exportParquet(
  path: string | readonly string[],
  target: Target,
  { signal, force, matches }: ExportOptions = {},
): Promise<Exported> {
  const [series, ...others] = seriesAt(path);
  if (others.length > 0)
    throw new Error("Cannot write one Parquet file: the recordings are of several probes; export each by itself");
  const { ParquetFile } = await import("./parquet/file.js");
  const output = outputTo(target, { force });
  const ignore = (): void => {}; // a write calls back with it
  const found: Found = { rows: 0, lost: new Map(), unfinished: [] };
  let stream: Writable | undefined;
  try {
    const file = new ParquetFile(series[0].info);
    stream = output.stream().on("error", ignore);
    let since = performance.now();
    for (const piece of encode(series, file, found, { signal, matches })) {
      if (piece) await write(output.name, stream, piece);
      else if (performance.now() - since > TURN_MS) {
        await setImmediate();
        since = performance.now();
      }
    }
    return found;
  } catch (error) {
    // Without its end it is of no use to anybody.
    output.remove();
    throw error;
  } finally {
    await new Promise<unknown>((resolve) => output.close(resolve));
    stream?.off("error", ignore);
  }
}

/** What was found so far. */
interface Found extends Exported {
  rows: number;
  readonly lost: Map<string, number>;
  readonly unfinished: string[];
}

/** The bytes of the file, a row group at a time; nothing after each batch, so that others have a turn. */
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

function write(name: string, stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(writeError(name, error)) : resolve()));
  });
}
