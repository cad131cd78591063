import { closeSync, ftruncateSync, writeSync } from "node:fs";

import type { Columns, Fields, Schema } from "@rxbpf/core";

import { writeError } from "../output.js";
import { Batches } from "./batch.js";
import { type Compression, Encoder } from "./encoder.js";
import { NOTES } from "./metadata.js";
import type { Placed } from "./notes.js";
import type { Head } from "./recording.js";
import type { Block } from "./scan.js";
import { arrowSchema } from "./types.js";

/** What a file is of. */
export interface Contents {
  readonly schema: Schema<Fields>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly compression: Compression;
}

/**
 * An Arrow file that can be read whenever its writer dies: it only ever grows by whole batches, and what a
 * failed write left is cut off again. Only a file that was finished has a footer.
 */
export class ArrowFile {
  readonly #fd: number;
  readonly #name: string;
  readonly #encoder: Encoder;
  readonly #batches: Batches;
  #bytes = 0;
  #closed = false;

  /**
   * Writes the head of the file. Takes the descriptor over.
   * @throws Error where it cannot be written
   */
  constructor(fd: number, name: string, { schema, metadata, compression }: Contents) {
    this.#fd = fd;
    this.#name = name;
    const arrow = arrowSchema(schema, metadata);
    this.#batches = new Batches(
      arrow,
      Object.values(schema.fields).map(({ choices }) => choices),
    );
    this.#encoder = new Encoder(arrow, compression);
    this.#put(this.#encoder.take());
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws Error where it cannot be written; the file is closed then, with all batches before. */
  write(columns: Columns, notes: readonly Placed[] = []): void {
    const metadata = notes.length > 0 ? new Map([[NOTES, JSON.stringify(notes)]]) : undefined;
    this.#put(this.#encoder.batch(this.#batches.make(columns, metadata)));
  }

  /** Writes the footer and closes the file, unless that was done. @throws Error where it cannot be written */
  finish(): void {
    if (this.#closed) return;
    this.#put(this.#encoder.footer());
    this.#close();
  }

  #close(): void {
    this.#closed = true;
    closeSync(this.#fd);
  }

  #put(chunks: Uint8Array[]): void {
    try {
      this.#bytes += writeAll(this.#fd, chunks);
    } catch (error) {
      this.#giveUp();
      throw writeError(this.#name, error as NodeJS.ErrnoException);
    }
  }

  /** Leaves what was whole. The room that the broken batch took is often enough for a footer. */
  #giveUp(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes);
      this.#encoder.cut(this.#bytes);
      if (this.#bytes > 0) writeAll(this.#fd, this.#encoder.footer(), this.#bytes);
    } catch {
      cut(this.#fd, this.#bytes);
    }
    this.#close();
  }
}

/**
 * Writes the end of a file that has only whole messages.
 * @throws Error where it cannot be written; the file is as it was then
 */
export function finishFile(
  fd: number,
  name: string,
  { info, metadata }: Head,
  { whole, dictionaries, batches }: Whole,
): void {
  const encoder = new Encoder(arrowSchema(info.schema, metadata));
  encoder.resume(whole, dictionaries, batches);
  try {
    writeAll(fd, encoder.footer(), whole);
  } catch (error) {
    cut(fd, whole);
    throw writeError(name, error as NodeJS.ErrnoException);
  }
}

interface Whole {
  /** Bytes of the file. */
  readonly whole: number;
  readonly dictionaries: readonly Block[];
  readonly batches: readonly Block[];
}

function cut(fd: number, bytes: number): void {
  try {
    ftruncateSync(fd, bytes);
  } catch {
    // A device keeps what it has taken.
  }
}

/**
 * At most so many bytes are written at once. For larger writes the kernel gives a file pages of 2 MiB, which a virtual
 * machine often has to get from its host first, and that takes several times as long.
 */
const PIECE = 1 << 20;

/** Writes everything, or throws. Returns how many bytes that were. */
function writeAll(fd: number, chunks: readonly Uint8Array[], position?: number): number {
  let written = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength;) {
      const length = Math.min(PIECE, chunk.byteLength - at);
      const count = writeSync(fd, chunk, at, length, position === undefined ? undefined : position + written);
      at += count;
      written += count;
    }
  }
  return written;
}
