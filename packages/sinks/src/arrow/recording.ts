import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { getSystemErrorMap } from "node:util";

import { rowReader, type RowReader } from "./decode.js";
import { decodeBatch, decodeSchema } from "./message.js";
import { NOTES, parseMetadata, type RecordingInfo } from "./metadata.js";
import { parseNotes, type Placed } from "./notes.js";
import { type Block, type Ending, type Found, isArrow, scan, sizeOf, type Source, START } from "./scan.js";

/** A batch of events that were written together. */
export interface RecordedBatch extends RowReader {
  readonly length: number;
  /** What happened between them. */
  readonly notes: readonly Placed[];
}

/** An opened recording. */
export interface Recording {
  readonly path: string;
  readonly info: RecordingInfo;
  /**
   * Reads batch by batch, up to the first that is cut or damaged; returns at the end how much was dropped. The file is
   * open during the iteration.
   */
  readonly batches: () => Generator<RecordedBatch, Ending>;
  /** What happened between its events, without reading them. The file is open during the iteration. */
  readonly notes: () => Generator<Placed>;
}

/**
 * Opens a recording, whether finished, still being written, or cut anywhere. The file need not be trusted.
 * @throws Error if it is no recording, or cut before its first batch
 */
export function readRecording(path: string): Recording {
  return withFile(path, constants.O_RDONLY, (fd) => {
    const head = readHead(fd, path);
    return { path, info: head.info, batches: () => batches(path, head), notes: () => notes(path, head) };
  });
}

/** Opens a file while `use` runs. @throws Error if it cannot be opened */
function withFile<T>(path: string, flags: number, use: (fd: number) => T): T {
  const fd = openFile(path, flags);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** The part of a file before the events. */
export interface Head {
  readonly info: RecordingInfo;
  readonly metadata: ReadonlyMap<string, string>;
  /** The offset of the messages after it. */
  readonly next: number;
}

/** An undamaged message after the head. */
interface Sound {
  readonly block: Block;
  /** Undefined for a dictionary, whose contents are in the schema too. */
  readonly batch?: RecordedBatch;
}

/** Reads the head of a file. @throws Error if the file does not begin like a recording */
export function readHead(fd: number, path: string): Head {
  if (!isArrow(fd)) throw unreadable(path, sizeOf(fd) === 0 ? "it is empty" : "not a recording of rxbpf");
  return headAt(fd, START, path);
}

/** Reads the schema at an offset. @throws Error if there is none of a recording */
export function headAt(source: Source, from: number, path: string): Head {
  const { value, done } = scan(source, from).next();
  if (done || value.message.type !== "schema") throw unreadable(path, "it ends before its first batch, or is damaged");
  try {
    const { fields, metadata } = decodeSchema(value.message.header);
    return { info: parseMetadata(metadata, fields), metadata, next: value.block.offset + value.block.metaDataLength };
  } catch (error) {
    throw unreadable(path, error instanceof RangeError ? "its head is damaged" : (error as Error).message);
  }
}

const DAMAGED = Symbol("damaged");

/**
 * The messages after the head, up to the first that is cut or damaged; each batch with its rows.
 * @param from the offset to begin at, which is that of a message
 */
export function* sound(source: Source, { info, next }: Head, from: number = next): Generator<Sound, Ending> {
  const messages = scan(source, from);
  // Each field has at most one.
  let dictionaries = Object.keys(info.schema.fields).length;
  for (let found = messages.next(); ; found = messages.next()) {
    if (found.done) return found.value;
    const { block, message } = found.value;
    const isDictionary = message.type === "dictionary" && dictionaries-- > 0;
    const batch = isDictionary ? undefined : readBatch(info, found.value);
    if (batch === DAMAGED) return { whole: block.offset, dropped: sizeOf(source) - block.offset, finished: false };
    yield { block, ...(batch && { batch }) };
  }
}

function readBatch(info: RecordingInfo, { message, body }: Found): RecordedBatch | typeof DAMAGED {
  try {
    if (message.type !== "batch") return DAMAGED;
    const header = decodeBatch(message.header);
    const notes = message.metadata.get(NOTES);
    return {
      length: header.length,
      ...rowReader(info.schema, header, body()),
      notes: notes === undefined ? [] : parseNotes(notes, header.length),
    };
  } catch (error) {
    if (error instanceof RangeError) return DAMAGED;
    throw error;
  }
}

function* batches(path: string, head: Head): Generator<RecordedBatch, Ending> {
  const fd = openFile(path);
  try {
    const messages = sound(fd, head);
    for (let found = messages.next(); ; found = messages.next()) {
      if (found.done) return found.value;
      if (found.value.batch) yield found.value.batch;
    }
  } finally {
    closeSync(fd);
  }
}

function* notes(path: string, head: Head): Generator<Placed> {
  const fd = openFile(path, constants.O_RDONLY);
  try {
    for (const { message } of scan(fd, head.next)) {
      const text = message.type === "batch" ? message.metadata.get(NOTES) : undefined;
      if (text !== undefined) yield* parseNotes(text, decodeBatch(message.header).length);
    }
  } catch (error) {
    // What follows a damaged batch is not read.
    if (!(error instanceof RangeError)) throw error;
  } finally {
    closeSync(fd);
  }
}

/** Opens a file to read. @throws Error if it cannot be opened, or is no file */
export function openFile(path: string, flags: number = constants.O_RDONLY): number {
  let fd: number | undefined;
  try {
    fd = openSync(path, flags | constants.O_NONBLOCK);
  } catch (cause) {
    const { errno = 0, message } = cause as NodeJS.ErrnoException;
    throw unreadable(path, getSystemErrorMap().get(errno)?.[1] ?? message);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw unreadable(path, "it is not a file");
}

function unreadable(path: string, state: string): Error {
  return new Error(`Cannot read ${path}: ${state}`);
}
