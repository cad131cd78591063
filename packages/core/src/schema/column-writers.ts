import { isUtf8 } from "node:buffer";

import { textOf } from "../text/bytes.js";
import type { Column, ColumnData, Strings } from "./column-data.js";

/** Gathers the values of one field. The caller keeps count of them. */
export interface ColumnWriter {
  /** Puts a value at an index, after all others. */
  value(value: unknown, at: number): void;
  /** Where a copier of records puts `count` values, from an index on. */
  target(at: number, count: number): Destination;
  /** Hands over the values. Their memory is reused for the next ones. */
  take(length: number): Column;
  /** How many bytes that many values take. */
  bytes(length: number): number;
}

/**
 * An array with room: of numbers, of 32-bit halves of wide numbers, or of bits. Or a writer that appends values of
 * different length, or one that takes values as rows have them.
 */
export type Destination =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int32Array
  | Float64Array
  | Appending
  | Pick<ColumnWriter, "value">;

interface Appending {
  append(from: Uint8Array, start: number, length: number): void;
}

const FIRST = 1024;

/**
 * Returns an array that can hold `needed` elements: the given one, or a larger one with a copy of its `used` elements.
 */
export function roomFor<A extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array | BigUint64Array>(
  array: A,
  used: number,
  needed: number,
): A {
  if (needed <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => A)(Math.max(array.length * 2, needed));
  larger.set(array.subarray(0, used) as never);
  return larger;
}

const NUMBERS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
} as const;

/** Numbers of at most 32 bits, and doubles. */
export class NumberWriter implements ColumnWriter {
  #values: InstanceType<(typeof NUMBERS)[keyof typeof NUMBERS]>;

  constructor(kind: keyof typeof NUMBERS) {
    this.#values = new NUMBERS[kind](FIRST);
  }

  value(value: unknown, at: number): void {
    this.target(at, 1)[at] = Number(value);
  }

  target(at: number, count: number) {
    return (this.#values = roomFor(this.#values, at, at + count));
  }

  take(length: number): ColumnData {
    return { type: "numbers", values: this.#values.subarray(0, length) };
  }

  bytes(length: number): number {
    return length * this.#values.BYTES_PER_ELEMENT;
  }
}

/** Exact 64-bit integers, as two halves, without a BigInt per event. Times are Unix nanoseconds. */
export class WideWriter implements ColumnWriter {
  readonly #kind: "time" | "u64" | "i64";
  #halves = new Uint32Array(2 * FIRST);

  constructor(kind: "time" | "u64" | "i64") {
    this.#kind = kind;
  }

  value(value: unknown, at: number): void {
    const halves = this.target(at, 1);
    const whole = this.#kind === "time" ? nanoseconds(Number(value)) : BigInt(value as number);
    halves[2 * at] = Number(BigInt.asUintN(32, whole));
    halves[2 * at + 1] = Number(BigInt.asUintN(32, whole >> 32n));
  }

  target(at: number, count: number) {
    return (this.#halves = roomFor(this.#halves, 2 * at, 2 * (at + count)));
  }

  take(length: number): ColumnData {
    const Values = this.#kind === "u64" ? BigUint64Array : BigInt64Array;
    return { type: "numbers", values: new Values(this.#halves.buffer, 0, length) };
  }

  bytes(length: number): number {
    return length * 8;
  }
}

/** The nanoseconds of a row's milliseconds, whose fraction is exact to a quarter of a microsecond. */
function nanoseconds(milliseconds: number): bigint {
  const whole = Math.floor(milliseconds);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6));
}

export class BitWriter implements ColumnWriter {
  #bits = new Uint8Array(FIRST);

  value(value: unknown, at: number): void {
    const bits = this.target(at, 1);
    const bit = at & 7;
    if (bit === 0) bits[at >>> 3] = 0; // may hold old bits
    if (value === true) bits[at >>> 3]! |= 1 << bit;
  }

  target(at: number, count: number) {
    return (this.#bits = roomFor(this.#bits, bytesOf(at), bytesOf(at + count)));
  }

  take(length: number): { type: "bits"; values: Uint8Array } {
    return { type: "bits", values: this.#bits.subarray(0, bytesOf(length)) };
  }

  bytes(length: number): number {
    return bytesOf(length);
  }
}

const bytesOf = (bits: number): number => (bits + 7) >>> 3;

/** The values of an optional field. */
export class OptionalWriter implements ColumnWriter {
  readonly #values: ColumnWriter;
  /** The value that stands in for an absent one. */
  readonly #blank: unknown;
  readonly #present = new BitWriter();
  #absent = 0;

  constructor(values: ColumnWriter, blank: unknown) {
    this.#values = values;
    this.#blank = blank;
  }

  value(value: unknown, at: number): void {
    const present = value !== undefined;
    this.#present.value(present, at);
    this.#values.value(present ? value : this.#blank, at);
    if (!present) this.#absent++;
  }

  /** Marks values as absent: no record has such a field. */
  absent(at: number, count: number): void {
    for (let i = 0; i < count; i++) this.value(undefined, at + i);
  }

  target(): Destination {
    return this;
  }

  take(length: number): Column {
    const presence = { bits: this.#present.take(length).values, absent: this.#absent };
    this.#absent = 0;
    return { ...this.#values.take(length), presence };
  }

  bytes(length: number): number {
    return this.#values.bytes(length) + this.#present.bytes(length);
  }
}

/** Texts and bytes, one after the other. It counts them itself, as a list has any number of them per row. */
export class StringWriter implements ColumnWriter {
  readonly #asTheyAre: boolean;
  #bytes: Uint8Array = new Uint8Array(FIRST * 16);
  #offsets = new Int32Array(FIRST);
  #length = 0;
  #used = 0;

  /** @param options `asTheyAre`: for bytes that are no text */
  constructor({ asTheyAre = false }: { readonly asTheyAre?: boolean } = {}) {
    this.#asTheyAre = asTheyAre;
  }

  value(value: unknown): void {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
    this.#put(bytes, 0, bytes.length);
  }

  target(): Destination {
    return this;
  }

  take(): Strings {
    const offsets = this.#offsets.subarray(0, this.#length + 1);
    const bytes = this.#bytes.subarray(0, this.#used);
    this.#length = 0;
    this.#used = 0;
    return { type: "strings", offsets, bytes };
  }

  get length(): number {
    return this.#length;
  }

  bytes(): number {
    return this.#used + 4 * this.#length;
  }

  append(from: Uint8Array, start: number, length: number): void {
    const used = this.#used;
    if (this.#put(from, start, length) > 0x7f && !this.#asTheyAre) this.#mend(used);
  }

  /** Copies bytes as they are. Returns the bitwise OR of all. */
  #put(from: Uint8Array, start: number, length: number): number {
    this.#offsets = roomFor(this.#offsets, this.#length + 1, this.#length + 2);
    this.#bytes = roomFor(this.#bytes, this.#used, this.#used + length);
    const to = this.#bytes;
    const used = this.#used;
    let seen = 0;
    // Most texts are short and ASCII. A loop costs less than a call, and shows whether all bytes are ASCII.
    for (let i = 0; i < length; i++) seen |= to[used + i] = from[start + i]!;
    this.#used += length;
    this.#offsets[++this.#length] = this.#used;
    return seen;
  }

  /** Turns the last text into the string that a row has. */
  #mend(start: number): void {
    const last = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, this.#used - start);
    // In valid UTF-8, only characters that begin with this byte may differ in a row.
    if (isUtf8(last) && !last.includes(0xee)) return;
    const text = Buffer.from(textOf(last));
    this.#bytes = roomFor(this.#bytes, start, start + text.length);
    this.#bytes.set(text, start);
    this.#used = start + text.length;
    this.#offsets[this.#length] = this.#used;
  }
}

/** Lists of texts. */
export class ListWriter implements ColumnWriter {
  readonly #strings = new StringWriter();
  #lists = new Int32Array(FIRST);
  #length = 0;

  value(value: unknown): void {
    for (const text of value as readonly string[]) this.#strings.value(text);
    this.#end();
  }

  target(): Destination {
    return this;
  }

  /** Appends a list of texts, each of which ends with a NUL. */
  append(from: Uint8Array, start: number, length: number): void {
    const end = start + length;
    while (start < end) {
      const part = lengthOf(from, start, end - start);
      this.#strings.append(from, start, part);
      start += part + 1;
    }
    this.#end();
  }

  take(): ColumnData {
    const lists = this.#lists.subarray(0, this.#length + 1);
    this.#length = 0;
    return { type: "lists", lists, items: this.#strings.take() };
  }

  bytes(): number {
    return this.#strings.bytes() + 4 * this.#length;
  }

  #end(): void {
    this.#lists = roomFor(this.#lists, this.#length + 1, this.#length + 2);
    this.#lists[++this.#length] = this.#strings.length;
  }
}

/** The number of bytes before the first NUL, at most `most`. */
export function lengthOf(u8: Uint8Array, start: number, most: number): number {
  let length = 0;
  while (length < most && u8[start + length] !== 0) length++;
  return length;
}
