const INDEX_BITS = 20;

/** How many functions a table can hold. */
export const MOST_SYMBOLS = 2 ** INDEX_BITS;

/** How far apart they can be, in bytes: an offset and an index are sorted as one number of 64 bits. */
const SPAN = 2 ** (64 - INDEX_BITS);

/** How many functions before an address are asked whether they cover it: few are inside others. */
const NESTING = 32;

/** What is known of a function without its name, of which there is only where to read it. */
export interface Symbol {
  readonly start: number;
  /** Numbers that find its names, as they were added, by rank. There is one at least. */
  readonly names: readonly number[];
}

/** Finds the function that covers an address. Takes 16 bytes for each. */
export class SymbolTable {
  readonly #starts: Float64Array;
  /** In bytes; 0 for one that goes on until the next. */
  readonly #sizes: Uint32Array;
  readonly #names: Uint32Array;
  readonly #nearest: boolean;

  constructor(starts: Float64Array, sizes: Uint32Array, names: Uint32Array, nearest: boolean) {
    this.#starts = starts;
    this.#sizes = sizes;
    this.#names = names;
    this.#nearest = nearest;
  }

  get length(): number {
    return this.#starts.length;
  }

  get bytes(): number {
    return this.#starts.byteLength + this.#sizes.byteLength + this.#names.byteLength;
  }

  find(address: number): Symbol | undefined {
    const before = this.#countUpTo(address);
    let found: number | undefined;
    for (let i = before - 1; i >= Math.max(0, before - NESTING); i--) {
      const start = this.#starts[i]!;
      const size = this.#sizes[i]!;
      if (size === 0 ? start !== this.#starts[before - 1] : address >= start + size) continue;
      if (found === undefined || this.#names[i]! > this.#names[found]!) found = i;
      if (this.#nearest) break;
    }
    return found === undefined ? undefined : { start: this.#starts[found]!, names: this.#namesAt(found) };
  }

  /** All names of a function; only the latest where later ones take the place of earlier ones. */
  #namesAt(index: number): number[] {
    if (!this.#nearest) return [this.#names[index]!];
    const start = this.#starts[index];
    let first = index;
    while (index - first < NESTING && this.#starts[first - 1] === start) first--;
    return Array.from(this.#names.subarray(first, index + 1));
  }

  /** How many functions start at the address or before. */
  #countUpTo(address: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Gathers functions in any order. */
export class SymbolTableBuilder {
  #starts = new Float64Array(1024);
  #sizes = new Uint32Array(1024);
  #names = new Uint32Array(1024);
  #ranks = new Uint8Array(1024);
  #length = 0;
  #lowest = Infinity;
  /** Functions that were not added: those after the first 2 ** 20, or too far from the others. */
  refused = 0;

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#starts.byteLength + this.#sizes.byteLength + this.#names.byteLength + this.#ranks.byteLength;
  }

  /**
   * @param size in bytes; 0 for a function that goes on until the next
   * @param name a number that finds the name, below 2 ** 32
   * @param rank of the names of one address that with the lowest is the first
   */
  add(start: number, size: number, name: number, rank = 0): void {
    if (this.#length === MOST_SYMBOLS || !Number.isSafeInteger(start) || start < 0) {
      this.refused++;
      return;
    }
    if (this.#length === this.#starts.length) this.#grow();
    const i = this.#length++;
    this.#starts[i] = start;
    this.#sizes[i] = Math.min(size, 0xffffffff);
    this.#names[i] = name;
    this.#ranks[i] = rank;
    if (start < this.#lowest) this.#lowest = start;
  }

  /**
   * @param overlapping which of two functions that cover an address is it: the `nearest`, which is inside the other, or
   * the one with the `latest`, greatest, name, which took the place of the other
   */
  build(overlapping: "nearest" | "latest" = "nearest"): SymbolTable {
    const order = this.#order();
    return new SymbolTable(
      Float64Array.from(order, (i) => this.#starts[i]!),
      Uint32Array.from(order, (i) => this.#sizes[i]!),
      Uint32Array.from(order, (i) => this.#names[i]!),
      overlapping === "nearest",
    );
  }

  /** The indices, by start and then by rank. Sorting numbers without a comparison takes a tenth of the time. */
  #order(): Uint32Array {
    const keys = new BigUint64Array(this.#length);
    const halves = new Uint32Array(keys.buffer);
    let count = 0;
    for (let i = 0; i < this.#length; i++) {
      const offset = this.#starts[i]! - this.#lowest;
      if (offset >= SPAN) {
        this.refused++;
        continue;
      }
      const shift = 2 ** (32 - INDEX_BITS);
      halves[2 * count] = (offset % shift) * MOST_SYMBOLS + i;
      halves[2 * count + 1] = Math.floor(offset / shift);
      count++;
    }
    keys.subarray(0, count).sort();
    const order = Uint32Array.from({ length: count }, (_, i) => halves[2 * i]! % MOST_SYMBOLS);
    for (let first = 0, end = 0; first < count; first = end) {
      while (end < count && this.#starts[order[end]!] === this.#starts[order[first]!]) end++;
      if (end - first > 1) order.subarray(first, end).sort((a, b) => this.#ranks[a]! - this.#ranks[b]!);
    }
    return order;
  }

  #grow(): void {
    const length = this.#starts.length * 2;
    const grown = <T extends Float64Array | Uint32Array | Uint8Array>(larger: T, array: T): T => {
      larger.set(array);
      return larger;
    };
    this.#starts = grown(new Float64Array(length), this.#starts);
    this.#sizes = grown(new Uint32Array(length), this.#sizes);
    this.#names = grown(new Uint32Array(length), this.#names);
    this.#ranks = grown(new Uint8Array(length), this.#ranks);
  }
}
