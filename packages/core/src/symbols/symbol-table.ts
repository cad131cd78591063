/** How many functions a table can hold. */
export const MOST_SYMBOLS = 2 ** 20;

/** How many digits of 16 bits an address has: user space has 47 bits. */
const DIGITS = 3;
const DIGIT = 2 ** 16;
const END = DIGIT ** DIGITS;

/** How many functions before an address are checked for covering it, as few functions are nested. */
const NESTING = 32;

/** A function. Its names are given by where to read them. */
export interface Symbol {
  readonly start: number;
  /** Numbers to find its names by, as they were added, sorted by rank. There is at least one. */
  readonly names: readonly number[];
}

/** Finds the function that covers an address. Takes 16 bytes per function. */
export class SymbolTable {
  readonly #starts: Float64Array;
  /** Sizes in bytes; 0 for a function that ends where the next begins. */
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

  /** All names of a function; only the latest, if later functions replace earlier ones. */
  #namesAt(index: number): number[] {
    if (!this.#nearest) return [this.#names[index]!];
    const start = this.#starts[index];
    let first = index;
    while (index - first < NESTING && this.#starts[first - 1] === start) first--;
    return Array.from(this.#names.subarray(first, index + 1));
  }

  /** How many functions start at or before the address. */
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

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#starts.byteLength + this.#sizes.byteLength + this.#names.byteLength + this.#ranks.byteLength;
  }

  /**
   * Adds a function. Functions after the first 2 ** 20, or at addresses of more than 48 bits, are left out.
   * @param size in bytes; 0 for a function that ends where the next begins
   * @param name a number to find the name by, below 2 ** 32
   * @param rank the name with the lowest rank comes first among those of one address
   */
  add(start: number, size: number, name: number, rank = 0): void {
    if (this.#length === MOST_SYMBOLS || !(start >= 0 && start < END)) return;
    if (this.#length === this.#starts.length) this.#grow();
    const i = this.#length++;
    this.#starts[i] = start;
    this.#sizes[i] = Math.min(size, 0xffffffff);
    this.#names[i] = name;
    this.#ranks[i] = rank;
  }

  /**
   * @param overlapping which of two functions that cover an address is taken: the `nearest`, which is inside the other,
   * or the one with the `latest`, that is the greatest, name, which has replaced the other
   */
  build(overlapping: "nearest" | "latest" = "nearest"): SymbolTable {
    const order = this.#order();
    const starts = new Float64Array(order.length);
    const sizes = new Uint32Array(order.length);
    const names = new Uint32Array(order.length);
    for (let i = 0; i < order.length; i++) {
      starts[i] = this.#starts[order[i]!]!;
      sizes[i] = this.#sizes[order[i]!]!;
      names[i] = this.#names[order[i]!]!;
    }
    return new SymbolTable(starts, sizes, names, overlapping === "nearest");
  }

  /** The indices, sorted by start and then by rank. A radix sort takes a fraction of the time of comparisons. */
  #order(): Uint32Array {
    const starts = this.#starts;
    const ranks = this.#ranks;
    let order = new Uint32Array(this.#length);
    for (let i = 0; i < order.length; i++) order[i] = i;
    for (let digit = 0; digit < DIGITS; digit++) order = sortBy(starts, DIGIT ** digit, order);
    for (let first = 0, end = 0; first < order.length; first = end) {
      const start = starts[order[first]!];
      while (end < order.length && starts[order[end]!] === start) end++;
      if (end - first > 1) order.subarray(first, end).sort((a, b) => ranks[a]! - ranks[b]!);
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

/** Sorts the indices by one digit of their starts; equal ones keep their order. */
function sortBy(starts: Float64Array, weight: number, order: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const digits = new Uint16Array(order.length);
  const places = new Uint32Array(DIGIT + 1);
  for (let i = 0; i < order.length; i++) {
    // Storing drops the bits beyond 16.
    digits[i] = Math.floor(starts[order[i]!]! / weight);
    places[digits[i]! + 1]!++;
  }
  for (let i = 1; i <= DIGIT; i++) places[i]! += places[i - 1]!;
  const sorted = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) sorted[places[digits[i]!]!++] = order[i]!;
  return sorted;
}
