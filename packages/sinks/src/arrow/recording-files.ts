import type { Fields, Schema, StreamInfo } from "@rxbpf/core";
import { ColumnBuilder, type Columns } from "@rxbpf/core/events";

import type { Compression } from "./encoder.js";
import { ArrowFile } from "./file.js";
import { type Moment, now, recordingMetadata } from "./metadata.js";
import type { Placed, Snapshot } from "./notes.js";
import type { Part, Parts } from "./parts.js";

/** What files are of. */
export interface Contents {
  readonly schema: Schema<Fields>;
  readonly info: Partial<StreamInfo>;
  readonly compression: Compression;
}

/** The files of a run of a recorder: one after the other, each a whole recording. */
export class RecordingFiles {
  readonly #parts: Parts;
  readonly #contents: () => Contents;
  readonly #snapshot: () => Snapshot | undefined;
  #part: Part | undefined;
  #file: ArrowFile | undefined;
  /** When the file was begun that is made next. */
  #started: Moment;
  /** In files that are finished. */
  #bytesBefore = 0;

  /**
   * @param contents asked for when a file is begun
   * @param snapshot likewise
   * @param started when recording was
   */
  constructor(parts: Parts, contents: () => Contents, snapshot: () => Snapshot | undefined, started: Moment) {
    this.#parts = parts;
    this.#contents = contents;
    this.#snapshot = snapshot;
    this.#started = started;
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#bytesBefore + (this.#file?.bytes ?? 0);
  }

  /** Begins the first file, where that was not done. @throws Error where it cannot be written */
  begin(): void {
    if (!this.#file) this.#next();
  }

  /** @throws Error where it cannot be written; the file is to be finished then */
  write(columns: Columns, notes: readonly Placed[]): void {
    const file = this.#file && !this.#parts.isFull(this.#part!, this.#file.bytes) ? this.#file : this.#next();
    file.write(columns, notes);
    this.#parts.trim(file.finalBytes);
  }

  /**
   * Ends the file that is written, if one is.
   * @param notes what has happened since the last batch
   * @throws Error where its end cannot be written
   */
  finish(notes: readonly Placed[] = []): void {
    const [file, part] = [this.#file, this.#part];
    this.#file = this.#part = undefined;
    if (file && part) this.#end(file, part, notes);
  }

  #next(): ArrowFile {
    const { schema, info, compression } = this.#contents();
    const [before, partBefore] = [this.#file, this.#part];
    if (before) this.#started = now();
    const metadata = recordingMetadata(info, schema, this.#started);
    const part = this.#parts.open();
    let file: ArrowFile;
    try {
      file = new ArrowFile(part.fd, part.path, { schema, metadata, compression });
    } catch (error) {
      part.remove();
      throw error;
    }
    // Not before there is another: until then it is the one before that says what was lost.
    this.#file = file;
    this.#part = part;
    if (before && partBefore) this.#end(before, partBefore);
    this.#parts.begin(info.name ?? "", file.finalBytes);
    const snapshot = this.#snapshot();
    if (snapshot) file.write(new ColumnBuilder(schema).take(), [{ at: 0, note: snapshot }]);
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
