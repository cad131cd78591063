import { fstatSync, readSync } from "node:fs";

import { MOST_BODY, MOST_METADATA } from "./limits.js";
import { decodeMessage, type Message } from "./message.js";

/** The place of a message in a file. */
export interface Block {
  readonly offset: number;
  readonly metaDataLength: number;
  readonly bodyLength: number;
}

/** A message that was found in a file. */
export interface Found {
  readonly message: Message;
  readonly block: Block;
  /** Reads its body. */
  readonly body: () => ArrayBuffer;
}

/** How a file ends. */
export interface Ending {
  /** The end of the last whole message, in bytes from the file's start. */
  readonly whole: number;
  /** How many bytes of an incomplete message follow. */
  readonly dropped: number;
  /** Whether the file is finished: it has its footer. */
  readonly finished: boolean;
}

const MAGIC = Buffer.from("ARROW1");
/** The offset of the first message. */
export const START = 8;
const PREFIX = 8;

/** What messages are read from: the descriptor of a file, or bytes in memory. */
export type Source = number | Buffer;

/** How many bytes there are. */
export function sizeOf(source: Source): number {
  return typeof source === "number" ? fstatSync(source).size : source.length;
}

/** Whether a file begins like an Arrow file. */
export function isArrow(source: Source): boolean {
  return read(source, 0, START).subarray(0, MAGIC.length).equals(MAGIC);
}

/** Finds the messages one after the other, from an offset on, until one is cut or damaged. */
export function* scan(source: Source, from: number): Generator<Found, Ending> {
  const size = sizeOf(source);
  let at = from;
  for (;;) {
    const length = prefix(source, at, size);
    if (length === 0) return ending(source, at, size);
    const found = length === undefined ? undefined : messageAt(source, at, length, size);
    if (!found) return { whole: at, dropped: size - at, finished: false };
    yield found;
    at += found.block.metaDataLength + found.block.bodyLength;
  }
}

/** The length prefix of a message; undefined if there is none. */
function prefix(source: Source, at: number, size: number): number | undefined {
  const bytes = read(source, at, PREFIX);
  if (bytes.length < PREFIX || bytes.readInt32LE(0) !== -1) return undefined;
  const length = bytes.readInt32LE(4);
  const fits = length >= 0 && length % 8 === 0 && length <= MOST_METADATA && at + PREFIX + length <= size;
  return fits ? length : undefined;
}

function messageAt(source: Source, at: number, length: number, size: number): Found | undefined {
  const bytes = read(source, at + PREFIX, length);
  try {
    const message = decodeMessage(bytes);
    const { bodyLength } = message;
    const start = at + PREFIX + length;
    if (bodyLength > MOST_BODY || bodyLength % 8 !== 0 || start + bodyLength > size) return undefined;
    return {
      message,
      block: { offset: at, metaDataLength: PREFIX + length, bodyLength },
      body() {
        const body = new ArrayBuffer(bodyLength);
        if (readInto(source, Buffer.from(body), start) < bodyLength)
          throw new RangeError("The file became shorter while it was read");
        return body;
      },
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Reads what follows the end-of-stream mark at an offset. */
function ending(source: Source, at: number, size: number): Ending {
  const tail = read(source, size - MAGIC.length - 4, MAGIC.length + 4);
  const footer = size - at - PREFIX - tail.length;
  const finished = footer > 0 && tail.subarray(4).equals(MAGIC) && tail.readInt32LE(0) === footer;
  return finished ? { whole: size, dropped: 0, finished } : { whole: at, dropped: size - at, finished };
}

/** Reads bytes; fewer if there are not as many. */
export function read(source: Source, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readInto(source, bytes, position));
}

function readInto(source: Source, bytes: Buffer, position: number): number {
  if (typeof source !== "number") return source.copy(bytes, 0, Math.max(0, position), position + bytes.length);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(source, bytes, done, bytes.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
