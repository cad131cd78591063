import { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { WriteStream } from "node:tty";

import type { LineEncoder } from "@rxbpf/core/events";

import { writeError } from "./files/errors.js";
import type { OutputOptions } from "./files/output-file.js";
import { type Output, outputTo, type Target } from "./output.js";

/** Callbacks of a writer. */
export interface WriterEvents {
  /** Too much waits to be written; write no more until `drained`, if possible. */
  crowded(): void;
  drained(): void;
  /**
   * Nothing more can be written, because of an error or, without one, because the reader has gone. The target is
   * closed.
   */
  closed(error?: Error): void;
}

/** Text of this length is handed on before the turn of the event loop ends. */
const CHUNK = 64 << 10;
/** The same for lines that come as bytes. */
const BLOCK = 256 << 10;
/** How many blocks are kept for reuse. */
const SPARE = 8;
/** With this many bytes waiting a writer is crowded. */
const CROWDED = 1 << 20;
/** With this many it is full. */
const FULL = 64 << 20;
/** How long to wait for a reader that reads nothing, once the writer is to end soon. */
const PATIENCE_MS = 5_000;
const NEWLINE = 10;

/** Nobody has read what was written to a pipe. */
export class UnreadError extends Error {
  override name = "UnreadError";
}

/**
 * Writes lines through a Node stream. Lines of one turn of the event loop go out together when the turn ends; nothing
 * waits longer.
 */
export class Writer {
  readonly #output: Output;
  readonly #events: WriterEvents;
  readonly #spare: Buffer[] = [];
  #stream: Writable | undefined;
  /** Whether anything was written, even an empty text. */
  #begun = false;
  /** What was not handed on yet: text, or bytes in the block, never both. */
  #text = "";
  #block: Buffer = Buffer.alloc(0);
  #used = 0;
  #bytes = 0;
  /** Handed on to the stream and not written yet. */
  readonly #waiting: Buffer[] = [];
  #crowded = false;
  #full = false;
  #closed = false;
  #done: (() => void) | undefined;

  /** Checks the target; a file is created when the first lines come. @throws Error if it cannot be written */
  constructor(target: Target, events: WriterEvents, options?: OutputOptions) {
    this.#output = outputTo(target, options);
    this.#events = events;
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether so much waits that new lines must be dropped until `drained`. */
  get full(): boolean {
    return this.#full;
  }

  /** Takes whole lines, or bytes of a binary format. */
  write(lines: string | Uint8Array): void {
    this.#begun = true;
    if (this.#used > 0 || typeof lines !== "string") this.#flush();
    if (typeof lines !== "string") return this.#hand(Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength));
    if (this.#text === "") queueMicrotask(this.#flush);
    this.#text += lines;
    if (this.#text.length >= CHUNK) this.#flush();
  }

  /** Takes the line of the record at a position. @throws as the encoder; then nothing was taken */
  put(encoder: LineEncoder, position: number): void {
    this.#begun = true;
    const most = encoder.most(position);
    if (this.#text !== "" || this.#used + most > this.#block.length) {
      this.#flush();
      if (this.#block.length < most) this.#block = this.#spare.pop() ?? Buffer.allocUnsafeSlow(Math.max(BLOCK, most));
    }
    if (this.#used === 0) queueMicrotask(this.#flush);
    this.#used = encoder.write(position, this.#block, this.#used);
  }

  /**
   * Writes what waits, closes a file, then calls back, unless `closed` is called instead. If nothing was written, no
   * file is made.
   */
  end(done: () => void): void {
    if (this.#begun) this.#flush();
    if (this.#closed) return;
    this.#done = done;
    if (this.#waiting.length === 0) this.#close(done);
  }

  /**
   * From now on waits only a few seconds for a reader of a pipe that reads nothing. Then `closed` reports what was not
   * written.
   */
  hurry(): void {
    const stream = this.#stream;
    if (this.#closed || !(stream instanceof Socket)) return;
    // The timeout starts anew whenever the reader reads or something is written.
    stream.setTimeout(PATIENCE_MS).on("timeout", this.#giveUp);
  }

  #stopHurry(): void {
    const stream = this.#stream;
    if (stream instanceof Socket) stream.setTimeout(0).off("timeout", this.#giveUp);
  }

  readonly #giveUp = (): void => {
    if (this.#waiting.length === 0) return;
    const lines = this.#waiting.reduce((sum, chunk) => sum + linesIn(chunk), 0);
    const unread = `nobody read it for ${PATIENCE_MS / 1000} s, and up to ${lines} lines were not written, nor any after them`;
    this.#abandon(new UnreadError(`Cannot write to ${this.#output.name}: ${unread}`));
  };

  readonly #flush = (): void => this.#hand(this.#take());

  #hand(chunk: Buffer): void {
    const stream = this.#closed ? undefined : this.#open();
    if (!stream || chunk.length === 0) return;
    this.#waiting.push(chunk);
    stream.write(chunk, (error) => (error ? this.#fail(error) : this.#written(chunk)));
    if (stream.writableLength > FULL) this.#full = true;
    if (stream.writableLength > CROWDED && !this.#crowded) {
      this.#crowded = true;
      this.#events.crowded();
    }
  }

  /** The stream to write to; undefined if it cannot be opened, which ends the writer. */
  #open(): Writable | undefined {
    if (this.#stream) return this.#stream;
    try {
      this.#stream = this.#output.stream();
      return this.#stream.on("error", this.#fail);
    } catch (error) {
      this.#closed = true;
      this.#output.close(() => this.#events.closed(error as Error));
      return undefined;
    }
  }

  /** Takes what waits to be handed on. */
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
    this.#waiting.shift();
    if (this.#crowded && this.#stream!.writableLength <= CROWDED / 2) {
      this.#crowded = this.#full = false;
      this.#events.drained();
    }
    if (this.#waiting.length === 0 && this.#done) this.#close(this.#done);
  }

  #close(done: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopHurry();
    this.#output.close((error) => {
      this.#stream?.off("error", this.#fail);
      if (error) this.#events.closed(writeError(this.#output.name, error));
      else done();
    });
  }

  // The listener stays, as the stream also emits the error that a write's callback has got.
  readonly #fail = (error: NodeJS.ErrnoException): void => {
    this.#abandon(isGone(error, this.#stream!) ? undefined : writeError(this.#output.name, error));
  };

  #abandon(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopHurry();
    this.#output.cut(this.#bytes);
    this.#output.close(() => this.#events.closed(error));
  }
}

/** Whether nobody reads a stream any more. A closed terminal reports EIO. */
function isGone({ code }: NodeJS.ErrnoException, stream: Writable): boolean {
  return GONE.has(code) || (code === "EIO" && (stream as Partial<WriteStream>).isTTY === true);
}

const GONE: ReadonlySet<string | undefined> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}
