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

/** Whether a file begins like an Arrow file. */
export function isArrow(fd: number): boolean {
  return read(fd, 0, START).subarray(0, MAGIC.length).equals(MAGIC);
}

/** Finds the messages of a file one after the other, from an offset on, until one is cut or damaged. */
export function* scan(fd: number, from: number): Generator<Found, Ending> {
  const { size } = fstatSync(fd);
  let at = from;
  for (;;) {
    const length = prefix(fd, at, size);
    if (length === 0) return ending(fd, at, size);
    const found = length === undefined ? undefined : messageAt(fd, at, length, size);
    if (!found) return { whole: at, dropped: size - at, finished: false };
    yield found;
    at += found.block.metaDataLength + found.block.bodyLength;
  }
}

/** The length prefix of a message; undefined if there is none. */
function prefix(fd: number, at: number, size: number): number | undefined {
  const bytes = read(fd, at, PREFIX);
  if (bytes.length < PREFIX || bytes.readInt32LE(0) !== -1) return undefined;
  const length = bytes.readInt32LE(4);
  const fits = length >= 0 && length % 8 === 0 && length <= MOST_METADATA && at + PREFIX + length <= size;
  return fits ? length : undefined;
}

function messageAt(fd: number, at: number, length: number, size: number): Found | undefined {
  const bytes = read(fd, at + PREFIX, length);
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
        if (readInto(fd, Buffer.from(body), start) < bodyLength)
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
function ending(fd: number, at: number, size: number): Ending {
  const tail = read(fd, size - MAGIC.length - 4, MAGIC.length + 4);
  const footer = size - at - PREFIX - tail.length;
  const finished = footer > 0 && tail.subarray(4).equals(MAGIC) && tail.readInt32LE(0) === footer;
  return finished ? { whole: size, dropped: 0, finished } : { whole: at, dropped: size - at, finished };
}

function read(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readInto(fd, bytes, position));
}

function readInto(fd: number, bytes: Buffer, position: number): number {
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
