import type { Fields, Schema, StreamInfo } from "@rxbpf/core";
import { ColumnBuilder, type Columns } from "@rxbpf/core/events";

import type { Compression } from "./encoder.js";
import { ArrowFile } from "./file.js";
import { type Moment, now, recordingMetadata } from "./metadata.js";
import { inPieces, type Placed, type Snapshot } from "./notes.js";
import type { Part, Parts } from "./parts.js";

/** What files are made for. */
export interface Contents {
  readonly schema: Schema<Fields>;
  readonly info: Partial<StreamInfo>;
  readonly compression: Compression;
  /** About how many bytes a batch has at most. */
  readonly batchBytes: number | undefined;
}

/** The files of a recorder's run, one after the other, each a whole recording. */
export class RecordingFiles {
  readonly #parts: Parts;
  readonly #contents: () => Contents;
  readonly #snapshot: (cgroupIds: ReadonlySet<number>) => Snapshot | undefined;
  #part: Part | undefined;
  #file: ArrowFile | undefined;
  readonly #run: Moment;
  /** The start of the next file to be made. */
  #started: Moment;
  /** How many events were written. */
  #rows = 0;
  /** Bytes in finished files. */
  #bytesBefore = 0;

  /**
   * @param contents called when a file is begun
   * @param snapshot called when a file is begun, with the cgroups of the events that it is begun for
   * @param started when the recording was started
   */
  constructor(
    parts: Parts,
    contents: () => Contents,
    snapshot: (cgroupIds: ReadonlySet<number>) => Snapshot | undefined,
    started: Moment,
  ) {
    this.#parts = parts;
    this.#contents = contents;
    this.#snapshot = snapshot;
    this.#run = this.#started = started;
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#bytesBefore + (this.#file?.bytes ?? 0);
  }

  /** Begins the first file, unless that was done. @throws Error if it cannot be written */
  begin(): void {
    if (!this.#file) this.#next();
  }

  /** Writes a batch. @throws Error if it cannot be written; then the file must be finished */
  write(columns: Columns, notes: readonly Placed[]): void {
    const file = this.#file && !this.#parts.isFull(this.#part!, this.#file.bytes) ? this.#file : this.#next(columns);
    file.write(columns, notes);
    this.#rows += columns.length;
    this.#parts.trim(file.finalBytes);
  }

  /**
   * Finishes the present file, if any.
   * @param notes what has happened since the last batch
   * @throws Error if its end cannot be written
   */
  finish(notes: readonly Placed[] = []): void {
    const [file, part] = [this.#file, this.#part];
    this.#file = this.#part = undefined;
    if (file && part) this.#end(file, part, notes);
  }

  #next(columns?: Columns): ArrowFile {
    const { schema, info, compression, batchBytes } = this.#contents();
    const [before, partBefore] = [this.#file, this.#part];
    if (before) this.#started = now();
    const metadata = recordingMetadata(info, schema, this.#started, { run: this.#run, rows: this.#rows });
    const part = this.#parts.open();
    let file: ArrowFile;
    try {
      file = new ArrowFile(part.fd, part.path, { schema, metadata, compression });
    } catch (error) {
      part.remove();
      throw error;
    }
    // Only now that the next file exists: until then losses go into the one before.
    this.#file = file;
    this.#part = part;
    if (before && partBefore) this.#end(before, partBefore);
    this.#parts.begin(info.name ?? "", file.finalBytes);
    const snapshot = this.#snapshot(columns ? cgroupIdsIn(columns, schema) : new Set());
    for (const note of snapshot ? inPieces(snapshot, batchBytes) : [])
      file.write(new ColumnBuilder(schema).take(), [{ at: 0, note }]);
    return file;
  }

  #end(file: ArrowFile, part: Part, notes?: readonly Placed[]): void {
    try {
      file.finish(notes);
    } finally {
      this.#bytesBefore += file.bytes;
      this.#parts.add(part, file.bytes);
    }
  }
}

/** The cgroups of events: those that are named elsewhere may be gone. */
function cgroupIdsIn({ columns }: Columns, { fields }: Schema<Fields>): ReadonlySet<number> {
  const column = columns[Object.keys(fields).indexOf("cgroupId")];
  return new Set(column?.type === "numbers" ? Array.from(column.values, Number) : []);
}
