import { zstdCompress } from "@rxbpf/core";
import { CompressionType, Message, type RecordBatch, RecordBatchFileWriter, type Schema } from "apache-arrow";

import { STORED } from "./body.js";
import type { Block } from "./scan.js";

/** How what is in a file is compressed: by Zstandard, or not at all. */
export type Compression = "zstd" | undefined;

/**
 * Encodes an Arrow file piece by piece. The file holds the stream format, as the format asks for: the
 * schema is its first message, so that a file without its end can be read.
 */
export class Encoder extends RecordBatchFileWriter {
  #chunks: Uint8Array[] = [];

  constructor(schema: Schema, compression?: Compression) {
    super({ compressionType: compression ? CompressionType.ZSTD : null });
    this.reset(undefined, schema);
  }

  /** What was encoded since the last call. */
  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  batch(batch: RecordBatch): Uint8Array[] {
    this.write(batch);
    return this.take();
  }

  /** The end of the file: where all its batches are. */
  footer(): Uint8Array[] {
    this.finish();
    return this.take();
  }

  /** Goes on at a place of the file: what was encoded from there on does not count. */
  cut(position: number): void {
    this.#chunks = [];
    this._position = position;
    this._recordBatchBlocks = this._recordBatchBlocks.filter(({ offset }) => offset < position);
    this._dictionaryBlocks = this._dictionaryBlocks.filter(({ offset }) => offset < position);
  }

  /** Goes on at the end of a file that has these messages already. */
  resume(position: number, dictionaries: readonly Block[], batches: readonly Block[]): void {
    this.cut(position);
    this._dictionaryBlocks = [...dictionaries];
    this._recordBatchBlocks = [...batches];
  }

  protected override _writeSchema(schema: Schema): this {
    return super._writeSchema(schema)._writeMessage(Message.from(schema));
  }

  /** The library's own writes the compressed length where the format asks for the one before; strict readers refuse it. */
  protected override _compressBodyBuffers(buffers: ArrayBufferView[]) {
    const regions: { offset: number; length: number }[] = [];
    let offset = 0;
    const parts = buffers.flatMap((buffer) => {
      const [prefix, bytes] = compressed(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
      const length = prefix.byteLength + bytes.byteLength;
      regions.push({ offset, length });
      offset += (length + 7) & ~7;
      return [prefix, bytes];
    });
    return { byteLength: offset, bufferRegions: regions, buffers: parts };
  }

  protected override _write(chunk: ArrayBufferView): this {
    const { buffer, byteOffset, byteLength } = chunk;
    if (!this._started || byteLength === 0) return this;
    this.#chunks.push(new Uint8Array(buffer, byteOffset, byteLength));
    this._position += byteLength;
    return this;
  }
}

/** A buffer as a compressed batch has it: its length, or the mark that it is stored as it was; then itself. */
function compressed(bytes: Uint8Array): [BigInt64Array | Uint8Array, Uint8Array] {
  if (bytes.length === 0) return [bytes, bytes];
  const frame = zstdCompress(bytes);
  return frame.length < bytes.length
    ? [BigInt64Array.of(BigInt(bytes.length)), frame]
    : [BigInt64Array.of(STORED), bytes];
}
