import { isUtf8 } from "node:buffer";

import type { Column, ColumnData, Records, Strings } from "./column-data.js";
import type { Place } from "./layout.js";
import { addressText } from "./rows.js";
import type { Field, Kind } from "./schema.js";

/** Gathers the values of one field. */
export interface ColumnWriter {
  records(place: Place, records: Records): void;
  value(value: unknown): void;
  take(): Column;
  bytes(): number;
}

/** The writer for what a field is. */
export function writerFor({ optional, ...field }: Field<unknown>): ColumnWriter {
  if (optional) return new OptionalWriter(writerFor(field));
  const { kind, choices = [] } = field;
  switch (kind) {
    case "time":
    case "u64":
    case "i64":
      return new WideWriter(kind);
    case "bool":
      return new BitWriter();
    case "u8":
    case "u16":
    case "u32":
    case "i32":
    case "f64":
      return new NumberWriter(kind);
    case "choice":
      return new ChoiceWriter(choices);
    case "texts":
      return new ListWriter();
    default:
      return new StringWriter(kind);
  }
}

const FIRST = 1024;

/** An array that can hold `needed` elements: the one given, or a larger one with its `used` elements. */
function roomFor<A extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array>(
  array: A,
  used: number,
  needed: number,
): A {
  if (needed <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => A)(Math.max(array.length * 2, needed));
  larger.set(array.subarray(0, used));
  return larger;
}

const NUMBERS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
} as const;

/** Numbers that JavaScript has as such. */
class NumberWriter implements ColumnWriter {
  readonly #kind: keyof typeof NUMBERS;
  #values: InstanceType<(typeof NUMBERS)[keyof typeof NUMBERS]>;
  #length = 0;

  constructor(kind: keyof typeof NUMBERS) {
    this.#kind = kind;
    this.#values = new NUMBERS[kind](FIRST);
  }

  records({ offset }: Place, { memory, positions, count }: Records): void {
    this.#values = roomFor(this.#values, this.#length, this.#length + count);
    if (this.#kind === "f64") throw new Error("A record has no f64");
    const from = memory[this.#kind];
    const shift = Math.log2(from.BYTES_PER_ELEMENT);
    const to = this.#values;
    const at = this.#length;
    for (let i = 0; i < count; i++) to[at + i] = from[(positions[i]! + offset) >>> shift]!;
    this.#length += count;
  }

  value(value: unknown): void {
    this.#values = roomFor(this.#values, this.#length, this.#length + 1);
    this.#values[this.#length++] = Number(value);
  }

  take(): ColumnData {
    const values = this.#values.subarray(0, this.#length);
    this.#length = 0;
    return { type: "numbers", values };
  }

  bytes(): number {
    return this.#length * this.#values.BYTES_PER_ELEMENT;
  }
}

/** Numbers of 64 bits, exactly, by their two halves: no BigInt per event. Moments become Unix nanoseconds. */
class WideWriter implements ColumnWriter {
  readonly #kind: "time" | "u64" | "i64";
  #words = new Uint32Array(2 * FIRST);
  #length = 0;

  constructor(kind: "time" | "u64" | "i64") {
    this.#kind = kind;
  }

  records({ offset }: Place, { memory, positions, count, unixOffsetNs }: Records): void {
    this.#words = roomFor(this.#words, 2 * this.#length, 2 * (this.#length + count));
    const from = memory.u32;
    const to = this.#words;
    const add = this.#kind === "time" ? unixOffsetNs : 0n;
    const addLow = Number(BigInt.asUintN(32, add));
    const addHigh = Number(BigInt.asUintN(32, add >> 32n));
    let at = 2 * this.#length;
    for (let i = 0; i < count; i++) {
      const word = (positions[i]! + offset) >>> 2;
      const low = from[word]! + addLow;
      to[at++] = low;
      to[at++] = from[word + 1]! + addHigh + (low > 0xffffffff ? 1 : 0);
    }
    this.#length += count;
  }

  value(value: unknown): void {
    this.#words = roomFor(this.#words, 2 * this.#length, 2 * (this.#length + 1));
    const whole = this.#kind === "time" ? nanoseconds(Number(value)) : BigInt(value as number);
    this.#words[2 * this.#length] = Number(BigInt.asUintN(32, whole));
    this.#words[2 * this.#length + 1] = Number(BigInt.asUintN(32, whole >> 32n));
    this.#length++;
  }

  take(): ColumnData {
    const Values = this.#kind === "u64" ? BigUint64Array : BigInt64Array;
    const values = new Values(this.#words.buffer, 0, this.#length);
    this.#length = 0;
    return { type: "numbers", values };
  }

  bytes(): number {
    return this.#length * 8;
  }
}

/** A row's milliseconds, whose fraction is good to a quarter of a microsecond. */
function nanoseconds(milliseconds: number): bigint {
  const whole = Math.floor(milliseconds);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6));
}

class BitWriter implements ColumnWriter {
  #bits = new Uint8Array(FIRST);
  #length = 0;

  records({ offset }: Place, { memory: { u8 }, positions, count }: Records): void {
    for (let i = 0; i < count; i++) this.#push(u8[positions[i]! + offset] !== 0);
  }

  value(value: unknown): void {
    this.#push(value === true);
  }

  take(): { type: "bits"; values: Uint8Array } {
    const values = this.#bits.subarray(0, (this.#length + 7) >>> 3);
    this.#length = 0;
    return { type: "bits", values };
  }

  bytes(): number {
    return (this.#length + 7) >>> 3;
  }

  #push(value: boolean): void {
    const byte = this.#length >>> 3;
    this.#bits = roomFor(this.#bits, byte, byte + 1);
    const bit = this.#length++ & 7;
    if (bit === 0) this.#bits[byte] = 0; // may hold a bit of what was taken
    if (value) this.#bits[byte]! |= 1 << bit;
  }
}

/** Values that some rows have. In the place of an absent one stands what an empty text makes. */
export class OptionalWriter implements ColumnWriter {
  readonly #values: ColumnWriter;
  readonly #present = new BitWriter();
  #absent = 0;

  constructor(values: ColumnWriter) {
    this.#values = values;
  }

  records(_place: Place, { count }: Records): void {
    this.absent(count);
  }

  absent(count: number): void {
    for (let i = 0; i < count; i++) this.value(undefined);
  }

  value(value: unknown): void {
    const present = value !== undefined;
    this.#present.value(present);
    this.#values.value(present ? value : "");
    if (!present) this.#absent++;
  }

  take(): Column {
    const presence = { bits: this.#present.take().values, absent: this.#absent };
    this.#absent = 0;
    return { ...this.#values.take(), presence };
  }

  bytes(): number {
    return this.#values.bytes() + this.#present.bytes();
  }
}

/** Numbers of a fixed list of texts; a number past them stays what it is. */
class ChoiceWriter extends NumberWriter {
  readonly #choices: readonly string[];

  constructor(choices: readonly string[]) {
    super("u8");
    this.#choices = choices;
  }

  override value(value: unknown): void {
    const index = this.#choices.indexOf(String(value));
    super.value(index < 0 ? this.#choices.length : index);
  }
}

/** Texts and bytes, one after the other. */
class StringWriter implements ColumnWriter {
  readonly #kind: Kind;
  #bytes: Uint8Array = new Uint8Array(FIRST * 16);
  #offsets = new Int32Array(FIRST);
  #length = 0;
  #used = 0;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  records({ offset, size }: Place, { memory, positions, count }: Records): void {
    const { u8, u16 } = memory;
    const kind = this.#kind;
    for (let i = 0; i < count; i++) {
      const position = positions[i]!;
      const at = position + offset;
      if (kind === "chars") this.#append(u8, at, lengthOf(u8, at, size));
      else if (kind === "address") this.value(addressText(u8.subarray(at, at + size)));
      else this.#append(u8, position + u16[at >>> 1]!, u16[(at + 2) >>> 1]!);
    }
  }

  value(value: unknown): void {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
    this.#append(bytes, 0, bytes.length);
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

  #append(from: Uint8Array, start: number, length: number): void {
    this.#offsets = roomFor(this.#offsets, this.#length + 1, this.#length + 2);
    this.#bytes = roomFor(this.#bytes, this.#used, this.#used + length);
    const to = this.#bytes;
    const used = this.#used;
    let seen = 0;
    // Most are short and ASCII: copying by hand costs less than a call, and shows whether they are.
    for (let i = 0; i < length; i++) seen |= to[used + i] = from[start + i]!;
    this.#used += length;
    this.#offsets[++this.#length] = this.#used;
    if (seen > 0x7f && this.#kind !== "bytes") this.#mend(used);
  }

  /** Makes the last text UTF-8, with U+FFFD for what is not, as in a row. */
  #mend(start: number): void {
    const last = this.#bytes.subarray(start, this.#used);
    if (isUtf8(last)) return;
    const text = Buffer.from(Buffer.from(last).toString("utf8"));
    this.#bytes = roomFor(this.#bytes, start, start + text.length);
    this.#bytes.set(text, start);
    this.#used = start + text.length;
    this.#offsets[this.#length] = this.#used;
  }
}

/** Lists of texts. */
class ListWriter implements ColumnWriter {
  readonly #strings = new StringWriter("text");
  #lists = new Int32Array(FIRST);
  #length = 0;

  records({ offset }: Place, { memory: { u8, u16 }, positions, count }: Records): void {
    for (let i = 0; i < count; i++) {
      const position = positions[i]!;
      const at = position + offset;
      let start = position + u16[at >>> 1]!;
      const end = start + u16[(at + 2) >>> 1]!;
      while (start < end) {
        const length = lengthOf(u8, start, end - start);
        this.#strings.value(u8.subarray(start, start + length));
        start += length + 1;
      }
      this.#end();
    }
  }

  value(value: unknown): void {
    for (const text of value as readonly string[]) this.#strings.value(text);
    this.#end();
  }

  take(): ColumnData {
    const lists = this.#lists.subarray(0, this.#length + 1);
    this.#length = 0;
    return { type: "lists", lists, strings: this.#strings.take() };
  }

  bytes(): number {
    return this.#strings.bytes() + 4 * this.#length;
  }

  #end(): void {
    this.#lists = roomFor(this.#lists, this.#length + 1, this.#length + 2);
    this.#lists[++this.#length] = this.#strings.length;
  }
}

/** Bytes before the first NUL, at most `most`. */
function lengthOf(u8: Uint8Array, start: number, most: number): number {
  let length = 0;
  while (length < most && u8[start + length] !== 0) length++;
  return length;
}
