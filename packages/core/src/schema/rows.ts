import type { Layout, Place } from "./layout.js";

/** Memory that records are read from, seen as numbers of each width. */
export interface Memory {
  readonly u8: Buffer;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
}

export function memory(buffer: ArrayBuffer): Memory {
  const words = buffer.byteLength >>> 2;
  return {
    u8: Buffer.from(buffer),
    u16: new Uint16Array(buffer, 0, words * 2),
    u32: new Uint32Array(buffer, 0, words),
    i32: new Int32Array(buffer, 0, words),
  };
}

/** Makes a plain object from the record that starts at a byte position, a multiple of 8. */
export type RowDecoder<E> = (position: number) => E;

/**
 * Makes the decoder for one layout and one piece of memory. Its source is written out, as
 * one object literal: V8 then gives all rows one hidden class and reads no field by name,
 * which is several times faster than a loop over fields. All that enters the source is
 * numbers and names from our own schemas.
 * @param unixOffsetMs what to add to CLOCK_MONOTONIC to get Unix time
 */
export function rowDecoder<E>(layout: Layout, memory: Memory, unixOffsetMs: number): RowDecoder<E> {
  const fields = layout.places.map((place) => `${JSON.stringify(place.name)}: ${expression(place)}`);
  const source = `return (p) => { const w = p >>> 2; return { ${fields.join(", ")} }; };`;
  // oxlint-disable-next-line no-implied-eval -- see above
  const make = new Function("m", "u8", "u16", "u32", "i32", "unixOffsetMs", "read", source);
  const { u8, u16, u32, i32 } = memory;
  return make(memory, u8, u16, u32, i32, unixOffsetMs, readers(memory)) as RowDecoder<E>;
}

function expression({ kind, offset, size }: Place): string {
  const word = `w + ${offset >>> 2}`;
  const low = `u32[${word}]`;
  switch (kind) {
    case "time":
      return `(u32[${word} + 1] * 4294967296 + ${low}) / 1e6 + unixOffsetMs`;
    case "bool":
      return `u8[p + ${offset}] !== 0`;
    case "u8":
      return `u8[p + ${offset}]`;
    case "u16":
      return `u16[(p + ${offset}) >>> 1]`;
    case "u32":
      return low;
    case "i32":
      return `i32[${word}]`;
    case "u64":
      return `read.integer(u32[${word} + 1], ${low})`;
    case "i64":
      return `read.integer(i32[${word} + 1], ${low})`;
    case "chars":
      return `read.chars(p + ${offset}, ${size})`;
    case "text":
      return `read.text(p + u16[(p + ${offset}) >>> 1], u16[(p + ${offset + 2}) >>> 1])`;
    case "texts":
      return `read.texts(p + u16[(p + ${offset}) >>> 1], u16[(p + ${offset + 2}) >>> 1])`;
  }
}

interface Readers {
  integer(high: number, low: number): number;
  chars(position: number, size: number): string;
  text(position: number, length: number): string;
  texts(position: number, length: number): string[];
}

function readers({ u8, u32 }: Memory): Readers {
  const text = (position: number, length: number): string => u8.toString("utf8", position, position + length);

  // Few names occur again and again: decode each once, and find it by its bytes.
  const SLOTS = 256;
  const WORDS = 4;
  const seen = new Uint32Array(SLOTS * WORDS);
  const names: string[] = new Array(SLOTS).fill("");

  return {
    text,
    integer(high, low) {
      const value = high * 4294967296 + low;
      if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot represent ${value} exactly: it exceeds 2^53`);
      return value;
    },
    chars(position, size) {
      if (size !== WORDS * 4) return untilNul(position, size);
      const w = position >>> 2;
      const a = u32[w]!;
      const b = u32[w + 1]!;
      const c = u32[w + 2]!;
      const d = u32[w + 3]!;
      const slot = (Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ d, 0x9e3779b1) >>> 24) & (SLOTS - 1);
      const s = slot * WORDS;
      if (seen[s] !== a || seen[s + 1] !== b || seen[s + 2] !== c || seen[s + 3] !== d) {
        seen[s] = a;
        seen[s + 1] = b;
        seen[s + 2] = c;
        seen[s + 3] = d;
        names[slot] = untilNul(position, size);
      }
      return names[slot]!;
    },
    texts(position, length) {
      if (length === 0) return [];
      const all = text(position, length);
      return (all.endsWith("\0") ? all.slice(0, -1) : all).split("\0");
    },
  };

  function untilNul(position: number, size: number): string {
    const nul = u8.indexOf(0, position);
    return text(position, nul < 0 || nul > position + size ? size : nul - position);
  }
}
