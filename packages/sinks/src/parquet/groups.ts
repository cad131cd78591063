import type { RecordedBatch } from "../arrow/recording.js";

/** A row group holds at most so many rows, */
const MOST_ROWS = 32_768;
/** and is ended once its texts have so many characters. */
const MOST_TEXT = 16 << 20;

/** Rows by column, as a row group has them. */
export interface Group {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly data: unknown[] }[];
}

/** Gathers the rows of batches into groups of a size that readers like, and that memory bears. */
export class Groups {
  readonly #names: readonly string[];
  #data: readonly unknown[][] = [];
  #rows = 0;
  #text = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#begin();
  }

  /** Takes the rows of a batch. Gives each group that is full. */
  *add({ length, columns }: RecordedBatch): Generator<Group> {
    const readers = this.#names.map((name) => columns.get(name)!);
    for (let row = 0; row < length; row++) {
      for (let i = 0; i < readers.length; i++) this.#text += this.#push(this.#data[i]!, readers[i]!(row));
      if (++this.#rows >= MOST_ROWS || this.#text >= MOST_TEXT) yield this.#take();
    }
  }

  /** Gives what is left, if there is any. */
  *end(): Generator<Group> {
    if (this.#rows > 0) yield this.#take();
  }

  #push(data: unknown[], value: unknown): number {
    data.push(value);
    if (typeof value === "string" || value instanceof Uint8Array) return value.length;
    return Array.isArray(value)
      ? value.reduce<number>((sum, item: string | bigint) => sum + (typeof item === "string" ? item.length : 8), 0)
      : 0;
  }

  #take(): Group {
    const group = { rows: this.#rows, columns: this.#names.map((name, i) => ({ name, data: this.#data[i]! })) };
    this.#begin();
    return group;
  }

  #begin(): void {
    this.#data = this.#names.map(() => []);
    this.#rows = this.#text = 0;
  }
}
