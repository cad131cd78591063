import type { RecordedBatch } from "../arrow/recording.js";

/** A row group holds at most this many rows, */
const MOST_ROWS = 32_768;
/** and ends once it has this many values, */
const MOST_VALUES = 1 << 20;
/** or this many characters of text. */
const MOST_TEXT = 16 << 20;

/** The rows of a row group, by column. */
export interface Group {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly data: unknown[] }[];
}

/** Gathers the rows of batches into row groups of a size that suits readers and memory. */
export class Groups {
  readonly #names: readonly string[];
  #data: readonly unknown[][] = [];
  #rows = 0;
  #values = 0;
  #text = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#begin();
  }

  /** Takes the matching rows of a batch. Yields each full group. */
  *add(batch: RecordedBatch, matches?: (event: Readonly<Record<string, unknown>>) => boolean): Generator<Group> {
    const readers = this.#names.map((name) => batch.columns.get(name)!);
    for (let row = 0; row < batch.length; row++) {
      if (matches && !matches(batch.row(row))) continue;
      for (let i = 0; i < readers.length; i++) this.#push(this.#data[i]!, readers[i]!(row));
      if (++this.#rows >= MOST_ROWS || this.#values >= MOST_VALUES || this.#text >= MOST_TEXT) yield this.#take();
    }
  }

  /** Yields the last group, if there is one. */
  *end(): Generator<Group> {
    if (this.#rows > 0) yield this.#take();
  }

  #push(data: unknown[], value: unknown): void {
    data.push(value);
    this.#values++;
    if (typeof value === "string" || value instanceof Uint8Array) this.#text += value.length;
    if (!Array.isArray(value)) return;
    this.#values += value.length;
    for (const item of value as (string | bigint)[]) if (typeof item === "string") this.#text += item.length;
  }

  #take(): Group {
    const group = { rows: this.#rows, columns: this.#names.map((name, i) => ({ name, data: this.#data[i]! })) };
    this.#begin();
    return group;
  }

  #begin(): void {
    this.#data = this.#names.map(() => []);
    this.#rows = this.#values = this.#text = 0;
  }
}
