import { closeSync, ftruncateSync, writeSync } from "node:fs";

import type { Fields, Schema } from "@rxbpf/core";
import { ColumnBuilder, type Columns } from "@rxbpf/core/events";
import { reserveRoom } from "@rxbpf/core/system";

import { writeError } from "../files/errors.js";
import { Batches } from "./batch.js";
import { type Compression, Encoder } from "./encoder.js";
import { NOTES } from "./metadata.js";
import type { Placed } from "./notes.js";
import type { Head } from "./recording.js";
import type { Block } from "./scan.js";
import { arrowSchema } from "./types.js";

/** What a file is made for. */
export interface Contents {
  readonly schema: Schema<Fields>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly compression: Compression;
}

/** Room for the end of a file, besides a second copy of its schema: a batch of notes, and the places of all batches. */
const END_BYTES = 8 << 10;
const BYTES_PER_BATCH = 32;

/**
 * An Arrow file that can be read whenever its writer dies: it only grows by whole batches, and the remains of a failed
 * write are cut off again. Only a finished file has a footer. Room for the footer and for a last note on losses is
 * reserved ahead, if the file system can, so that both still fit on a full disk.
 */
export class ArrowFile {
  readonly #fd: number;
  readonly #name: string;
  readonly #schema: Schema<Fields>;
  readonly #encoder: Encoder;
  readonly #batches: Batches;
  #bytes = 0;
  /** How many bytes the end takes. */
  #end = END_BYTES;
  #reserves = true;
  #closed = false;

  /**
   * Writes the head of the file. Takes ownership of the descriptor.
   * @throws Error if it cannot be written; then the descriptor is closed
   */
  constructor(fd: number, name: string, { schema, metadata, compression }: Contents) {
    this.#fd = fd;
    this.#name = name;
    this.#schema = schema;
    const arrow = arrowSchema(schema, metadata);
    this.#batches = new Batches(
      arrow,
      Object.values(schema.fields).map(({ choices }) => choices),
    );
    this.#encoder = new Encoder(arrow, compression);
    const head = this.#encoder.take();
    this.#end += 2 * lengthOf(head);
    try {
      this.#put(head);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The most bytes that it can have when finished, if nothing more is written. */
  get finalBytes(): number {
    return this.#bytes + this.#end;
  }

  /** Writes a batch. @throws Error if it cannot be written; then only `finish` may follow */
  write(columns: Columns, notes: readonly Placed[]): void {
    this.#put(this.#encode(columns, notes));
    this.#end += BYTES_PER_BATCH;
  }

  /**
   * Finishes and closes the file, unless that was done.
   * @param notes what has happened since the last batch
   * @throws Error if the end cannot be written; then the file has all its batches but no end
   */
  finish(notes: readonly Placed[] = []): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      const last = notes.length > 0 ? this.#encode(new ColumnBuilder(this.#schema).take(), notes) : [];
      this.#bytes = endFile(this.#fd, this.#name, this.#bytes, [...last, ...this.#encoder.footer()]);
    } finally {
      closeSync(this.#fd);
    }
  }

  #encode(columns: Columns, notes: readonly Placed[]): Uint8Array[] {
    const metadata = notes.length > 0 ? new Map([[NOTES, JSON.stringify(notes)]]) : undefined;
    return this.#encoder.batch(this.#batches.make(columns, metadata));
  }

  #put(chunks: readonly Uint8Array[]): void {
    const end = this.#bytes + lengthOf(chunks);
    try {
      this.#reserves = this.#reserves && reserveRoom(this.#fd, end, this.#end);
      writeAll(this.#fd, chunks);
      this.#bytes = end;
    } catch (error) {
      this.#encoder.cut(this.#bytes);
      throw writeError(this.#name, error as NodeJS.ErrnoException);
    }
  }
}

/**
 * Writes the end of a file that has only whole messages.
 * @throws Error if it cannot be written; then the file has only those messages
 */
export function finishFile(
  fd: number,
  name: string,
  { info, metadata }: Head,
  { whole, dictionaries, batches }: Whole,
): void {
  const encoder = new Encoder(arrowSchema(info.schema, metadata));
  encoder.resume(whole, dictionaries, batches);
  endFile(fd, name, whole, encoder.footer());
}

interface Whole {
  /** The length of the whole messages, in bytes. */
  readonly whole: number;
  readonly dictionaries: readonly Block[];
  readonly batches: readonly Block[];
}

/**
 * Writes the end over whatever follows the last whole batch, as a full disk may have no other room. Returns the new
 * length of the file.
 */
function endFile(fd: number, name: string, whole: number, end: readonly Uint8Array[]): number {
  const bytes = whole + lengthOf(end);
  try {
    writeAll(fd, end, whole);
  } catch {
    try {
      cut(fd, whole);
      writeAll(fd, end, whole);
    } catch (error) {
      cut(fd, whole);
      throw writeError(name, error as NodeJS.ErrnoException);
    }
  }
  // This also frees the reserved room.
  cut(fd, bytes);
  return bytes;
}

function cut(fd: number, bytes: number): void {
  try {
    ftruncateSync(fd, bytes);
  } catch {
    // A device cannot be cut.
  }
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/**
 * The most bytes to write at once. For larger writes the kernel uses pages of 2 MiB, which a virtual machine often has
 * to get from its host first, and that takes several times as long.
 */
const PIECE = 1 << 20;

/** Writes everything, at the file's offset or at the given position, or throws. */
function writeAll(fd: number, chunks: readonly Uint8Array[], position?: number): void {
  let to = position;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength;) {
      const count = writeSync(fd, chunk, at, Math.min(PIECE, chunk.byteLength - at), to);
      at += count;
      if (to !== undefined) to += count;
    }
  }
}
