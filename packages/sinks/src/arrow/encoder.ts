import { Message, type RecordBatch, RecordBatchFileWriter, type Schema } from "apache-arrow";

/** Where a message stands in a file. */
export interface Block {
  readonly offset: number;
  readonly metaDataLength: number;
  readonly bodyLength: number;
}

/**
 * Encodes an Arrow file piece by piece. The file holds the stream format, as the format asks for: the
 * schema is its first message, so that a file without its end can be read.
 */
export class Encoder extends RecordBatchFileWriter {
  #chunks: Uint8Array[] = [];

  constructor(schema: Schema) {
    super();
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

  protected override _write(chunk: ArrayBufferView): this {
    const { buffer, byteOffset, byteLength } = chunk;
    if (!this._started || byteLength === 0) return this;
    this.#chunks.push(new Uint8Array(buffer, byteOffset, byteLength));
    this._position += byteLength;
    return this;
  }
}
