import ipaddr from "ipaddr.js";

import { Histogram } from "../values/histogram.js";
import { textOf } from "../text/bytes.js";
import type { Layout, Place } from "./layout.js";
import { NS_PER_MS } from "./moment.js";

/** Memory that records are read from, seen as numbers of each width. */
export interface Memory {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
}

export function memory(buffer: ArrayBuffer): Memory {
  const words = buffer.byteLength >>> 2;
  return {
    u8: new Uint8Array(buffer),
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
 * @param unixOffset nanoseconds to add to the clock of events to get Unix time
 */
export function rowDecoder<E>(layout: Layout, memory: Memory, unixOffset: bigint): RowDecoder<E> {
  const fields = layout.places.map((place, index) => `${JSON.stringify(place.name)}: ${expression(place, index)}`);
  const source = `return (p) => { const w = p >>> 2; return { ${fields.join(", ")} }; };`;
  // oxlint-disable-next-line no-implied-eval -- see above
  const make = new Function("m", "u8", "u16", "u32", "i32", "read", "choices", "places", source);
  const { u8, u16, u32, i32 } = memory;
  const choices = layout.places.map((place) => place.choices);
  return make(memory, u8, u16, u32, i32, readers(memory, unixOffset), choices, layout.places) as RowDecoder<E>;
}

/** The same for bytes that stand alone, by way of memory of its own. */
export function bytesDecoder<E>(layout: Layout, unixOffset: bigint): (bytes: Uint8Array) => E {
  const own = memory(new ArrayBuffer(Math.ceil(layout.size / 8) * 8));
  const decode = rowDecoder<E>(layout, own, unixOffset);
  return (bytes) => {
    own.u8.set(bytes);
    return decode(0);
  };
}

/** The source of what reads a field of the record at `p`, whose words begin at `w`. */
export function expression({ kind, offset, size }: Place, index: number): string {
  const word = `w + ${offset >>> 2}`;
  const low = `u32[${word}]`;
  switch (kind) {
    case "time":
      return `read.time(u32[${word} + 1], ${low})`;
    case "bool":
      return `u8[p + ${offset}] !== 0`;
    case "u8":
      return `u8[p + ${offset}]`;
    case "u16":
      return `u16[(p + ${offset}) >>> 1]`;
    case "u32":
      return low;
    case "i32":
    case "stack":
      return `i32[${word}]`;
    case "u64":
      return `read.integer(u32[${word} + 1], ${low})`;
    case "i64":
      return `read.integer(i32[${word} + 1], ${low})`;
    case "choice":
      return `choices[${index}][u8[p + ${offset}]] ?? ""`;
    case "address":
      return `read.address(p + ${offset})`;
    case "chars":
      return `read.chars(p + ${offset}, ${size})`;
    case "histogram":
      return `read.histogram(w + ${offset >>> 2}, ${size >>> 3}, places[${index}])`;
    case "text":
    case "texts":
    case "bytes":
      return `read.${kind}(p + u16[(p + ${offset}) >>> 1], u16[(p + ${offset + 2}) >>> 1])`;
  }
}

/** 2^32 nanoseconds are so many milliseconds and so many nanoseconds. */
const HIGH_MS = 4294;
const HIGH_NS = 967_296;

interface Readers {
  time(high: number, low: number): number;
  integer(high: number, low: number): number;
  chars(position: number, size: number): string;
  address(position: number): string;
  text(position: number, length: number): string;
  texts(position: number, length: number): string[];
  bytes(position: number, length: number): Uint8Array;
  histogram(word: number, slots: number, place: Place): Histogram;
}

/** What that source reads with. */
export function readers({ u8, u32 }: Memory, unixOffset: bigint): Readers {
  const offsetMs = Number(unixOffset / NS_PER_MS);
  const offsetNs = Number(unixOffset % NS_PER_MS);
  const buffer = Buffer.from(u8.buffer, u8.byteOffset, u8.byteLength);
  const text = (position: number, length: number): string => textOf(buffer, position, position + length);
  const untilNul = (position: number, size: number): string => {
    const nul = u8.indexOf(0, position);
    return text(position, nul < 0 || nul > position + size ? size : nul - position);
  };
  const chars16 = remembered(u32, (position) => untilNul(position, 16));

  return {
    text,
    address: remembered(u32, (position) => addressText(u8.subarray(position, position + 16))),
    chars: (position, size) => (size === 16 ? chars16(position) : untilNul(position, size)),
    bytes: (position, length) => new Uint8Array(u8.subarray(position, position + length)),
    texts(position, length) {
      if (length === 0) return [];
      const all = text(position, length);
      return (all.endsWith("\0") ? all.slice(0, -1) : all).split("\0");
    },
    histogram(word, slots, { scale, unit }) {
      const counts = Array.from({ length: slots }, (_, i) => integer(u32[word + 2 * i + 1]!, u32[word + 2 * i]!));
      return new Histogram(counts, scale!, unit);
    },
    // Every step but the last division is exact: a moment is the same number wherever it is read from.
    time(high, low) {
      const ns = high * HIGH_NS + low + offsetNs;
      const ms = Math.floor(ns / 1e6);
      return offsetMs + high * HIGH_MS + ms + (ns - ms * 1e6) / 1e6;
    },
    integer,
  };
}

function integer(high: number, low: number): number {
  const value = high * 4294967296 + low;
  if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot represent ${value} exactly: it exceeds 2^53`);
  return value;
}

/** The usual text of an address of 16 bytes. */
export function addressText(bytes: Uint8Array): string {
  const address = new ipaddr.IPv6([...bytes]);
  return (address.isIPv4MappedAddress() ? address.toIPv4Address() : address).toString();
}

/** Names and addresses of 16 bytes occur again and again: decode each once, and find it by its bytes. */
function remembered(u32: Uint32Array, decode: (position: number) => string): (position: number) => string {
  const SLOTS = 256;
  const WORDS = 4;
  const seen = new Uint32Array(SLOTS * WORDS);
  const texts: (string | undefined)[] = new Array(SLOTS).fill(undefined);
  return (position) => {
    const w = position >>> 2;
    const a = u32[w]!;
    const b = u32[w + 1]!;
    const c = u32[w + 2]!;
    const d = u32[w + 3]!;
    const slot = Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ Math.imul(d, 29791), 0x9e3779b1) >>> 24;
    const s = slot * WORDS;
    const known = texts[slot];
    if (known !== undefined && seen[s] === a && seen[s + 1] === b && seen[s + 2] === c && seen[s + 3] === d)
      return known;
    seen[s] = a;
    seen[s + 1] = b;
    seen[s + 2] = c;
    seen[s + 3] = d;
    return (texts[slot] = decode(position));
  };
}
