import { aligned, type NumbersData, type PageData } from "./format.js";

/** Puts the numbers of all columns one after the other, each as short as it can be. */
export class Packer {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Adds indices below a limit. */
  indices(values: Uint32Array, limit: number): NumbersData {
    const width = widthFor(limit - 1);
    return { at: this.#put(new ARRAYS[width](values)), width, base: 0 };
  }

  /** Adds numbers. */
  numbers(values: Float64Array): NumbersData {
    const { least, most, areWhole } = rangeOf(values);
    const width = widthFor(areWhole ? most - least : Infinity);
    const base = width === 8 ? 0 : least;
    return { at: this.#put(new ARRAYS[width](base === 0 ? values : values.map((value) => value - base))), width, base };
  }

  /** Adds the differences of numbers, which for times are short. */
  differences(values: Float64Array): NumbersData {
    return { ...this.numbers(differencesOf(values)), differences: true };
  }

  /** All bytes: the header's length, the header, the numbers. */
  take(header: PageData): Uint8Array {
    const text = Buffer.from(JSON.stringify(header));
    const start = aligned(4 + text.length);
    const bytes = Buffer.alloc(start + this.#length);
    bytes.writeUInt32LE(text.length);
    bytes.set(text, 4);
    let at = start;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += aligned(part.length);
    }
    return bytes;
  }

  #put({ buffer, byteLength }: Uint8Array | Uint16Array | Uint32Array | Float64Array): number {
    const at = this.#length;
    this.#parts.push(new Uint8Array(buffer as ArrayBuffer, 0, byteLength));
    this.#length += aligned(byteLength);
    return at;
  }
}

/** Typed arrays have the byte order of the machine: that of x86 and arm64, and of browsers there. */
const ARRAYS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Float64Array } as const;

function widthFor(range: number): keyof typeof ARRAYS {
  if (range < 2 ** 8) return 1;
  if (range < 2 ** 16) return 2;
  return range < 2 ** 32 ? 4 : 8;
}

function rangeOf(values: Float64Array): { least: number; most: number; areWhole: boolean } {
  let least = Infinity;
  let most = -Infinity;
  let areWhole = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
    if (!Number.isSafeInteger(value)) areWhole = false;
  }
  return values.length === 0 ? { least: 0, most: 0, areWhole } : { least, most, areWhole };
}

function differencesOf(values: Float64Array): Float64Array {
  const differences = new Float64Array(values.length);
  let before = 0;
  for (let i = 0; i < values.length; i++) {
    differences[i] = values[i]! - before;
    before = values[i]!;
  }
  return differences;
}
