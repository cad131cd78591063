import { closeSync, fstatSync } from "node:fs";

import { FileBytes, textAt } from "./bytes.js";
import { Pace } from "./pace.js";
import { type SymbolTable, SymbolTableBuilder } from "./symbol-table.js";

/** How many bytes of a map are read. */
const MOST_BYTES = 64 * 2 ** 20;
const MOST_FUNCTIONS = 2 ** 18;
const CHUNK = 2 ** 20;
/** A longer line is ignored. */
const MOST_LINE = 4096;
const NEWLINE = 10;

/**
 * A process's own list of the code that it generates: lines of start, size and name, both numbers in hex
 * (tools/perf/Documentation/jit-interface.txt). The process writes the file itself, so only names are taken from it.
 */
export class PerfMap {
  readonly #fd: number;
  readonly #pace = new Pace();
  #builder = new SymbolTableBuilder();
  #table: SymbolTable | undefined;
  /** The offset of the first unread line. */
  #position = 0;

  /** @param fd a regular file, which the map closes */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Finds the function at an address. If it is not known, reads what was added to the file. */
  find(address: number): { readonly name: string; readonly offset: number } | undefined {
    let symbol = this.#table?.find(address);
    if (!symbol && this.#pace.due()) {
      this.#pace.run(() => this.#readOn());
      symbol = this.#table?.find(address);
    }
    if (!symbol) return undefined;
    const bytes = new FileBytes(this.#fd, MOST_BYTES);
    try {
      const from = symbol.names[0]!;
      const end = Math.min(from + MOST_LINE, fstatSync(this.#fd).size);
      return { name: textAt(bytes, from, end, NEWLINE), offset: address - symbol.start };
    } catch {
      return undefined; // it was truncated meanwhile
    }
  }

  get bytes(): number {
    return this.#builder.bytes + (this.#table?.bytes ?? 0);
  }

  /** Whether lines were left out because of a limit. */
  get cut(): boolean {
    return this.#position >= MOST_BYTES - MOST_LINE || this.#builder.length >= MOST_FUNCTIONS;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readOn(): void {
    const size = Math.min(fstatSync(this.#fd).size, MOST_BYTES);
    if (size < this.#position) {
      // The file was started anew.
      this.#builder = new SymbolTableBuilder();
      this.#position = 0;
    }
    const before = this.#position;
    const bytes = new FileBytes(this.#fd, size);
    while (this.#position < size && this.#builder.length < MOST_FUNCTIONS) {
      const chunk = bytes.read(this.#position, Math.min(CHUNK, size - this.#position));
      const done = this.#readLines(chunk);
      if (done === 0) break; // the last line is not whole yet
      this.#position += done;
    }
    if (this.#position !== before) this.#table = this.#builder.build("latest");
  }

  /** @returns how many bytes of the chunk are done: whole lines, or bytes of a line that is too long */
  #readLines(chunk: Buffer): number {
    let at = 0;
    for (let end: number; (end = chunk.indexOf(NEWLINE, at)) >= 0; at = end + 1) {
      const line = end - at > MOST_LINE ? "" : chunk.toString("latin1", at, Math.min(end, at + 40));
      const [whole, start, size] = LINE.exec(line) ?? [];
      if (whole === undefined) continue;
      this.#builder.add(parseInt(start!, 16), Math.max(parseInt(size!, 16), 1), this.#position + at + whole.length);
    }
    return chunk.length - at > MOST_LINE ? chunk.length : at;
  }
}

const LINE = /^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,16}) /;
