import { zstdCompress } from "@rxbpf/core/system";
import { CompressionType, Message, type RecordBatch, RecordBatchFileWriter, type Schema } from "apache-arrow";

import { STORED } from "./body.js";
import { MOST_UNPACKED, mostUnpacked, mostValues } from "./limits.js";
import type { Block } from "./scan.js";

/** How a file is compressed: by Zstandard, or not at all. */
export type Compression = "zstd" | undefined;

/**
 * Encodes an Arrow file piece by piece. As the specification requires, the file contains the stream format: the schema
 * is its first message, so a file without its end can be read.
 */
export class Encoder extends RecordBatchFileWriter {
  #chunks: Uint8Array[] = [];
  /** How many values the batch has that is being encoded. */
  #values = 0;

  constructor(schema: Schema, compression?: Compression) {
    super({ compressionType: compression ? CompressionType.ZSTD : null });
    this.reset(undefined, schema);
  }

  /** The bytes encoded since the last call. */
  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  batch(batch: RecordBatch): Uint8Array[] {
    this.#values = batch.numRows * batch.schema.fields.length;
    this.write(batch);
    return this.take();
  }

  /** The end of the file: the places of all its batches. */
  footer(): Uint8Array[] {
    this.finish();
    return this.take();
  }

  /** Goes back to a place of the file and forgets what was encoded after it. */
  cut(position: number): void {
    this.#chunks = [];
    this._position = position;
    this._recordBatchBlocks = this._recordBatchBlocks.filter(({ offset }) => offset < position);
    const dictionaries = this._dictionaryBlocks.filter(({ offset }) => offset < position);
    // All dictionaries are written before the first batch. If some were cut, all are written again.
    if (dictionaries.length < this._dictionaryBlocks.length) this._seenDictionaries = new Map();
    this._dictionaryBlocks = dictionaries;
  }

  /** Continues at the end of a file that already has these messages. */
  resume(position: number, dictionaries: readonly Block[], batches: readonly Block[]): void {
    this.cut(position);
    this._dictionaryBlocks = [...dictionaries];
    this._recordBatchBlocks = [...batches];
  }

  protected override _writeSchema(schema: Schema): this {
    return super._writeSchema(schema)._writeMessage(Message.from(schema));
  }

  /**
   * The library's own method writes the compressed length where the format requires the uncompressed one; strict
   * readers refuse that.
   */
  protected override _compressBodyBuffers(buffers: ArrayBufferView[]) {
    const packed = believable(
      buffers.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
      this.#values,
    );
    const regions: { offset: number; length: number }[] = [];
    let offset = 0;
    for (const part of packed) {
      regions.push({ offset, length: lengthOf(part) });
      offset += paddedLength(part);
    }
    return {
      byteLength: offset,
      bufferRegions: regions,
      buffers: packed.flatMap(({ prefix, bytes }) => [prefix, bytes]),
    };
  }

  protected override _write(chunk: ArrayBufferView): this {
    const { buffer, byteOffset, byteLength } = chunk;
    if (!this._started || byteLength === 0) return this;
    this.#chunks.push(new Uint8Array(buffer, byteOffset, byteLength));
    this._position += byteLength;
    return this;
  }
}

/**
 * A buffer of a compressed batch: a prefix, which is its length or the mark that it is stored uncompressed, then its
 * bytes.
 */
interface Packed {
  readonly prefix: Uint8Array | BigInt64Array;
  readonly bytes: Uint8Array;
}

/**
 * Compresses buffers within the limits that readers enforce: if the batch would claim too much for its size, the
 * shortest buffers are stored uncompressed.
 */
function believable(buffers: readonly Uint8Array[], values: number): Packed[] {
  const length = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (length > MOST_UNPACKED) return buffers.map(stored);
  const packed = buffers.map(compressed);
  let body = packed.reduce((sum, part) => sum + paddedLength(part), 0);
  const byLength = [...buffers.keys()].sort((a, b) => buffers[a]!.length - buffers[b]!.length);
  for (const index of byLength) {
    if (length <= mostUnpacked(body) && values <= mostValues(body)) break;
    const whole = stored(buffers[index]!);
    body += paddedLength(whole) - paddedLength(packed[index]!);
    packed[index] = whole;
  }
  return packed;
}

function compressed(bytes: Uint8Array): Packed {
  const frame = bytes.length > 0 ? zstdCompress(bytes) : bytes;
  if (frame.length >= bytes.length) return stored(bytes);
  return { prefix: BigInt64Array.of(BigInt(bytes.length)), bytes: frame };
}

function stored(bytes: Uint8Array): Packed {
  return { prefix: bytes.length === 0 ? bytes : BigInt64Array.of(STORED), bytes };
}

function lengthOf({ prefix, bytes }: Packed): number {
  return prefix.byteLength + bytes.byteLength;
}

function paddedLength(part: Packed): number {
  return (lengthOf(part) + 7) & ~7;
}
