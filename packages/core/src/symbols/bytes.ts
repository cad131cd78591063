import { readSync } from "node:fs";

/** Bytes with random access: those of an open file, or a piece of memory. */
export interface Bytes {
  readonly size: number;
  /** @throws RangeError if there are fewer bytes, Error if they cannot be read */
  read(position: number, length: number): Buffer;
}

export class FileBytes implements Bytes {
  readonly fd: number;
  readonly size: number;

  constructor(fd: number, size: number) {
    this.fd = fd;
    this.size = size;
  }

  read(position: number, length: number): Buffer {
    checkRange(this, position, length);
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const count = readSync(this.fd, bytes, done, length - done, position + done);
      if (count === 0) throw new RangeError("The file became shorter");
      done += count;
    }
    return bytes;
  }
}

export class MemoryBytes implements Bytes {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(position: number, length: number): Buffer {
    checkRange(this, position, length);
    return this.#bytes.subarray(position, position + length);
  }
}

function checkRange({ size }: Bytes, position: number, length: number): void {
  const whole = Number.isSafeInteger(position) && Number.isSafeInteger(length) && position >= 0 && length >= 0;
  if (!whole || position + length > size) throw new RangeError(`${length} bytes at ${position} are not in ${size}`);
}

/** How much is read at once, and how long a name can be. */
const CHUNK = 2 ** 20;
const MOST_NAME = 4096;

/** Calls back for each row of a table, which is read piece by piece. The row begins at `at` in `rows`. */
export function eachRow(
  bytes: Bytes,
  { position, count, width }: { position: number; count: number; width: number },
  visit: (rows: Buffer, at: number) => void,
): void {
  const most = Math.floor(CHUNK / width);
  for (let done = 0; done < count; done += most) {
    const rows = Math.min(most, count - done);
    const chunk = bytes.read(position + done * width, rows * width);
    for (let i = 0; i < rows; i++) visit(chunk, i * width);
  }
}

/** The text from a position up to its terminator or to the greatest length. */
export function textAt(bytes: Bytes, position: number, end: number, terminator = 0): string {
  for (const length of [256, MOST_NAME]) {
    const most = Math.min(length, end - position, bytes.size - position);
    if (most <= 0) return "";
    const chunk = bytes.read(position, most);
    const ends = chunk.indexOf(terminator);
    if (ends >= 0 || most < length || length === MOST_NAME) return chunk.toString("utf8", 0, ends < 0 ? most : ends);
  }
  return "";
}
