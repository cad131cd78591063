import type { LineEncoder } from "@rxbpf/core";

import { openOutput, type Output, type Target, writeError } from "./output.js";

/** What a writer tells while it works. */
export interface WriterEvents {
  /** More waits to be written than should; give no more until `drained`, if that can be. */
  crowded(): void;
  drained(): void;
  /** Nothing more can be written: an error, or none where the reader has gone. The target is closed. */
  closed(error?: Error): void;
}

/** Text of this length is handed on within a turn of the event loop. */
const CHUNK = 64 << 10;
/** So many bytes are, of lines that come as bytes. */
const BLOCK = 256 << 10;
/** Blocks that are kept to be filled again. */
const SPARE = 8;
/** So many waiting bytes make a writer crowded. */
const CROWDED = 1 << 20;
/** So many make it full. */
const FULL = 64 << 20;

/**
 * Writes lines through a Node stream. What comes within one turn of the event loop goes
 * out together when the turn ends; nothing waits for more.
 */
export class Writer {
  readonly #output: Output;
  readonly #events: WriterEvents;
  readonly #spare: Buffer[] = [];
  /** What was not handed on yet is text, or bytes in the block; not both. */
  #text = "";
  #block: Buffer = Buffer.alloc(0);
  #used = 0;
  #bytes = 0;
  #chunks = 0;
  #crowded = false;
  #full = false;
  #closed = false;
  #done: (() => void) | undefined;

  /** Opens the target; a path is created with mode 0600, or truncated. @throws Error where it cannot */
  constructor(target: Target, events: WriterEvents) {
    this.#output = openOutput(target);
    this.#events = events;
    this.#output.stream.on("error", this.#fail);
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether so much waits that what comes now must be dropped, until `drained`. */
  get full(): boolean {
    return this.#full;
  }

  /** Takes whole lines. */
  write(lines: string): void {
    if (this.#used > 0) this.#flush();
    if (this.#text === "") queueMicrotask(this.#flush);
    this.#text += lines;
    if (this.#text.length >= CHUNK) this.#flush();
  }

  /** Takes the line of the record at a position. @throws as the encoder, having taken nothing */
  put(encoder: LineEncoder, position: number): void {
    const most = encoder.most(position);
    if (this.#text !== "" || this.#used + most > this.#block.length) {
      this.#flush();
      if (this.#block.length < most) this.#block = this.#spare.pop() ?? Buffer.allocUnsafeSlow(Math.max(BLOCK, most));
    }
    if (this.#used === 0) queueMicrotask(this.#flush);
    this.#used = encoder.write(position, this.#block, this.#used);
  }

  /** Writes what waits, closes a path, then calls back, unless `closed` is called instead. */
  end(done: () => void): void {
    if (this.#closed) return;
    this.#flush();
    this.#done = done;
    if (this.#chunks === 0) this.#close(done);
  }

  readonly #flush = (): void => {
    const chunk = this.#take();
    if (chunk.length === 0 || this.#closed) return;
    const { stream } = this.#output;
    this.#chunks++;
    stream.write(chunk, (error) => (error ? this.#fail(error) : this.#written(chunk)));
    if (stream.writableLength > FULL) this.#full = true;
    if (stream.writableLength > CROWDED && !this.#crowded) {
      this.#crowded = true;
      this.#events.crowded();
    }
  };

  /** What waits to be handed on. */
  #take(): Buffer {
    const chunk = this.#used > 0 ? this.#block.subarray(0, this.#used) : Buffer.from(this.#text);
    if (this.#used > 0) this.#block = this.#spare.pop() ?? Buffer.alloc(0);
    this.#used = 0;
    this.#text = "";
    return chunk;
  }

  #written(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (chunk.buffer.byteLength === BLOCK && this.#spare.length < SPARE) this.#spare.push(Buffer.from(chunk.buffer));
    this.#chunks--;
    if (this.#crowded && this.#output.stream.writableLength <= CROWDED / 2) {
      this.#crowded = this.#full = false;
      this.#events.drained();
    }
    if (this.#chunks === 0 && this.#done) this.#close(this.#done);
  }

  #close(done: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#output.close((error) => {
      this.#output.stream.off("error", this.#fail);
      if (error) this.#events.closed(writeError(this.#output.name, error));
      else done();
    });
  }

  // The listener stays: the stream emits the error that a write has called back with already.
  readonly #fail = (error: NodeJS.ErrnoException): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.#output.cut(this.#bytes);
    this.#output.close(() =>
      this.#events.closed(GONE.has(error.code) ? undefined : writeError(this.#output.name, error)),
    );
  };
}

/** How a stream says that nobody reads it any more. */
const GONE: ReadonlySet<string | undefined> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"]);
