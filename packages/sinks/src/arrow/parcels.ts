import { closeSync } from "node:fs";

import type { Lost } from "@rxbpf/core";

import { MOST_BODY } from "./limits.js";
import type { RecordingInfo } from "./metadata.js";
import type { Placed } from "./notes.js";
import { headAt, openFile, readHead, type RecordedBatch, sound } from "./recording.js";
import { type Block, type Ending, read, scan, START } from "./scan.js";

/** A batch of a recording as it is sent: an Arrow stream of its own, with the bytes of the file. */
export interface Parcel {
  /** How many events it has. */
  readonly length: number;
  /** What happened between them. */
  readonly notes: readonly Placed[];
  /** The schema, the dictionaries, the batch, and the mark of the stream's end. */
  readonly bytes: Uint8Array;
  /** Where the batch ends in the file. */
  readonly end: number;
}

/** The mark that ends an Arrow stream. */
const END = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/**
 * Reads the batches of a file, which may still be written, from an offset on: 0, or the `end` of a parcel. Each is
 * checked. The generator returns at the first batch that is not whole; call it again later for what comes after. The
 * file is open during the iteration.
 * @throws Error if it is no recording
 */
export function* parcels(path: string, from: number = 0): Generator<Parcel, Ending> {
  const fd = openFile(path);
  try {
    const head = readHead(fd, path);
    // What every stream needs before its batch.
    const before = [read(fd, START, head.next - START)];
    let at = head.next;
    for (const { message, block } of scan(fd, at)) {
      if (message.type !== "dictionary") break;
      before.push(bytesOf(fd, block));
      at = endOf(block);
    }
    const messages = sound(fd, head, Math.max(from, at));
    for (let next = messages.next(); ; next = messages.next()) {
      if (next.done) return next.value;
      const { block, batch } = next.value;
      if (!batch) before.push(bytesOf(fd, block));
      else {
        const bytes = Buffer.concat([...before, bytesOf(fd, block), END]);
        yield { length: batch.length, notes: batch.notes, bytes, end: endOf(block) };
      }
    }
  } finally {
    closeSync(fd);
  }
}

function endOf({ offset, metaDataLength, bodyLength }: Block): number {
  return offset + metaDataLength + bodyLength;
}

function bytesOf(fd: number, block: Block): Buffer {
  return read(fd, block.offset, endOf(block) - block.offset);
}

/** A parcel that was read. */
export interface Opened extends RecordedBatch {
  readonly info: RecordingInfo;
}

/** Reads the bytes of a parcel, which need not be trusted. @throws Error if they are no parcel, or damaged */
export function openParcel(bytes: Uint8Array, name: string): Opened {
  if (bytes.length > MOST_BODY) throw new Error(`Cannot read ${name}: it has ${bytes.length} bytes`);
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = headAt(source, 0, name);
  for (const { batch } of sound(source, head)) if (batch) return { ...batch, info: head.info };
  throw new Error(`Cannot read ${name}: it is damaged`);
}

/** Makes a parcel of the recording in a file that has no events, and says that some were lost before its first. */
export async function lossParcel(path: string, lost: Lost): Promise<Parcel> {
  const { emptyBatch } = await import("./empty-batch.js");
  const fd = openFile(path);
  try {
    const notes = [{ at: 0, note: lost }];
    const bytes = Buffer.concat([...emptyBatch(readHead(fd, path), notes), END]).subarray(START);
    return { length: 0, notes, bytes, end: 0 };
  } finally {
    closeSync(fd);
  }
}
