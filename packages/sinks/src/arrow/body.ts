import { zstdDecompress } from "@rxbpf/core/system";

import { MOST_UNPACKED, mostUnpacked } from "./limits.js";
import type { BatchHeader } from "./message.js";

/**
 * In a compressed batch each buffer is preceded by its uncompressed length, or by this if it is stored uncompressed.
 */
export const STORED = -1n;

const PREFIX = 8;
/** Padding may make a buffer this much longer than its values. */
const PADDING = 64;

/** The offset and length of a buffer, in bytes. */
interface Place {
  readonly memory: ArrayBuffer;
  readonly at: number;
  readonly length: number;
}

/** The buffers of a batch, in order. Lengths that the batch claims are checked before they are used. */
export class Body {
  readonly #header: BatchHeader;
  readonly #bytes: ArrayBuffer;
  readonly #most: number;
  #index = 0;
  /** Where the last buffer ended. */
  #end = 0;
  #unpacked = 0;

  constructor(header: BatchHeader, bytes: ArrayBuffer) {
    this.#header = header;
    this.#bytes = bytes;
    this.#most = Math.min(MOST_UNPACKED, mostUnpacked(bytes.byteLength));
  }

  skip(): void {
    this.#index++;
  }

  /** The next buffer. @throws RangeError if it has fewer bytes than needed, or is damaged */
  take(bytes: number): Place {
    const [at = -1, length = 0] = this.#header.buffers[this.#index++] ?? [];
    if (at < 0 || at % 8 !== 0) throw new RangeError("A buffer has an impossible offset");
    if (at + length > this.#bytes.byteLength) throw new RangeError("A buffer ends after its batch");
    // Buffers must not overlap, so that no byte can stand for many values.
    if (length > 0 && at < this.#end) throw new RangeError("A buffer overlaps another");
    this.#end = Math.max(this.#end, at + length);
    const place = { memory: this.#bytes, at, length };
    const found = this.#header.compressed && length > 0 ? this.#decompress(place, bytes) : place;
    if (bytes < 0 || bytes > found.length) throw new RangeError("A buffer is too short");
    return found;
  }

  #decompress(place: Place, wanted: number): Place {
    if (place.length < PREFIX) throw new RangeError("A buffer is too short");
    const claimed = new DataView(place.memory).getBigInt64(place.at, true);
    const packed = { ...place, at: place.at + PREFIX, length: place.length - PREFIX };
    if (claimed === STORED) return packed;
    this.#unpacked += wanted;
    if (claimed < wanted || claimed > wanted + PADDING || this.#unpacked > this.#most)
      throw new RangeError(`A buffer cannot have ${claimed} bytes`);
    const memory = new ArrayBuffer(Number(claimed));
    zstdDecompress(new Uint8Array(packed.memory, packed.at, packed.length), new Uint8Array(memory));
    return { memory, at: 0, length: memory.byteLength };
  }
}
