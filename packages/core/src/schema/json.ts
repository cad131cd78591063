import { textOf } from "../text/bytes.js";
import { printableJson } from "../text/printable.js";
import type { InMemory } from "./column-data.js";
import { lengthOf } from "./column-writers.js";
import { recordForm } from "./kinds.js";
import { rememberingTexts } from "./kinds/name.js";
import type { Place } from "./record.js";
import { readers } from "./rows.js";

/** Writes events as lines of JSON, straight from their records. */
export interface LineEncoder {
  /** The most bytes that the line of the record at a position can take. */
  most(position: number): number;
  /**
   * Writes the line into a buffer at an offset with that much room. Returns the end of the line. Earlier lines that it
   * wrote to the buffer must be unchanged, as it copies from them. @throws as the row decoder
   */
  write(position: number, out: Buffer, at: number): number;
}

/**
 * Makes the encoder for one layout and one piece of memory. Its lines equal those that `printableJson` makes of the
 * rows. Like that of the row decoder, its source is generated from names and numbers of our own schemas.
 */
export function jsonEncoder({ layout, memory, unixOffsetNs }: InMemory): LineEncoder {
  const { places } = layout;
  const keys = places.map(({ name }, i) => Buffer.from(`${i === 0 ? "{" : ","}${jsonOf(name)}:`));
  const textOf = rememberingTexts((text) => Buffer.from(jsonOf(text)));
  const close = Buffer.from(places.length > 0 ? "}\n" : "{}\n");
  const choices = places.map(({ choices }) => choices?.map((choice) => Buffer.from(jsonOf(choice))));
  const fixed = places.reduce((sum, place, i) => sum + keys[i]!.length + mostOf(place), close.length);
  const parts = places.map((place, i) => {
    const { json } = recordForm(place.kind);
    if (!json?.absent) return `${storing(keys[i]!)} at = ${writing(place, i)};`;
    return `{ const text = ${writing(place, i)}; if (text !== undefined) { ${storing(keys[i]!)} at = put(out, at, textOf(text)); } }`;
  });
  const [first, last] = longestRun(places, inWords);
  const run = copying(parts.slice(first, last), places.slice(first, last).flatMap(wordsOf));
  const source = `${run.variables} let buffer, end = 0; return {
    most(p) { const w = p >>> 2; return ${[fixed, ...places.flatMap(mostOfText)].join(" + ")}; },
    write(p, out, at) {
      const w = p >>> 2, follows = out === buffer && at === end;
      ${[...parts.slice(0, first), run.statement, ...parts.slice(last)].join(" ")} ${storing(close)}
      buffer = out;
      return (end = at);
    },
  };`;
  const { u8, u16, u32, i32 } = memory;
  const read = readers(layout, memory, unixOffsetNs);
  const given = { u8, u16, u32, i32, read, choices, places, textOf, lengthOf, ...writers(u8) };
  // oxlint-disable-next-line no-implied-eval -- see above
  return new Function(...Object.keys(given), source)(...Object.values(given)) as LineEncoder;
}

/**
 * The source that writes fields which often repeat. Most events have the same process as the event before: if the words
 * of these fields equal those of the record before, their text is copied from that record's line.
 */
function copying(parts: readonly string[], words: readonly number[]): { variables: string; statement: string } {
  const all = (each: (word: number, i: number) => string, between: string): string => words.map(each).join(between);
  return {
    variables: `let from = 0, to = 0${all((_, i) => `, k${i} = 0`, "")};`,
    statement: `if (${["follows", ...words.map((word, i) => `k${i} === i32[w + ${word}]`)].join(" && ")}) {
      out.copyWithin(at, from, to); at += to - from;
    } else {
      const begin = at; ${parts.join(" ")} from = begin; to = at; ${all((word, i) => `k${i} = i32[w + ${word}];`, " ")}
    }`,
  };
}

/** Whether a field consists of whole words of its record and nothing else. */
function inWords({ kind, offset, size }: Place): boolean {
  return recordForm(kind).json?.inWords === true && offset % 4 === 0 && size % 4 === 0;
}

function wordsOf({ offset, size }: Place): number[] {
  return Array.from({ length: size >>> 2 }, (_, i) => (offset >>> 2) + i);
}

/** The first and the last item of the longest run of items that fit. */
function longestRun<T>(items: readonly T[], fits: (item: T) => boolean): readonly [first: number, last: number] {
  let longest: readonly [number, number] = [0, 0];
  for (let first = 0; first < items.length; first++) {
    let last = first;
    while (last < items.length && fits(items[last]!)) last++;
    if (last - first > longest[1] - longest[0]) longest = [first, last];
  }
  return longest;
}

const jsonOf = (value: unknown): string => printableJson(JSON.stringify(value));

/** The most bytes that a field's value can take, without its text in the record's tail. */
function mostOf(place: Place): number {
  return recordForm(place.kind).json?.most?.(place) ?? LONGEST;
}

/** An address in quotes; numbers are shorter. */
const LONGEST = 48;

/** The same for a text that is elsewhere, as source: in the record's tail, or found. */
function mostOfText(place: Place, index: number): string[] {
  const { row, json } = recordForm(place.kind);
  if (json?.absent) return [`textOf(${row(place, index)} ?? "").length`];
  const most = json?.mostPerByte;
  return most === undefined ? [] : [`${most} * u16[(p + ${place.offset + 2}) >>> 1]`];
}

/** The source that writes constant bytes: one store after the other takes a third less time than a loop. */
function storing(bytes: Uint8Array): string {
  return `${Array.from(bytes, (byte, i) => `out[at + ${i}] = ${byte};`).join(" ")} at += ${bytes.length};`;
}

/** The source that writes a field. */
function writing(place: Place, index: number): string {
  const { row, json } = recordForm(place.kind);
  if (!json) throw new Error(`A record has no ${place.kind}`);
  return json.write(place, row(place, index));
}

/** Unix milliseconds of the years 2004 to 2039 are doubles in steps of 1/4096. */
const FIRST_TIME = 2 ** 40;
const LAST_TIME = 2 ** 41;
const PER_MS = 4096;

/** Functions that write values. Each returns where it has ended. */
function writers(u8: Uint8Array) {
  const source = Buffer.from(u8.buffer, u8.byteOffset, u8.byteLength);
  const fractions: (Uint8Array | undefined)[] = new Array(PER_MS).fill(undefined);
  const whole = { value: -1, text: new Uint8Array() };

  // Here and below: for short values a loop costs less than a call.
  const put = (out: Buffer, at: number, bytes: Uint8Array): number => {
    for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i]!;
    return at + bytes.length;
  };
  /** Writes the last `count` digits of a number below 2^32. */
  const putDigits = (out: Buffer, at: number, value: number, count: number): number => {
    let rest = value >>> 0;
    for (let i = at + count - 1; i >= at; i--) {
      const tenth = (rest / 10) >>> 0;
      out[i] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    return at + count;
  };
  /** Writes a number of at most 32 bits. */
  const putInteger = (out: Buffer, at: number, value: number): number => {
    if (value < 0) {
      out[at++] = MINUS;
      value = -value;
    }
    return putDigits(out, at, value, digits(value));
  };
  const putLong = (out: Buffer, at: number, value: number): number => {
    if (value <= 0xffffffff && value >= -0xffffffff) return putInteger(out, at, value);
    const high = Math.trunc(value / BILLION);
    at = putInteger(out, at, high);
    return putDigits(out, at, Math.abs(value - high * BILLION), 9);
  };
  const putOther = (out: Buffer, at: number, value: unknown): number => at + out.write(jsonOf(value), at);
  return {
    put,
    putOther,
    yes: Buffer.from("true"),
    no: Buffer.from("false"),
    none: Buffer.from('""'),

    putText(out: Buffer, at: number, from: number, length: number): number {
      out[at] = QUOTE;
      for (let i = 0; i < length; i++) {
        const byte = u8[from + i]!;
        if (PLAIN[byte] === 0) return putOther(out, at, textOf(source, from, from + length));
        out[at + 1 + i] = byte;
      }
      out[at + 1 + length] = QUOTE;
      return at + 2 + length;
    },

    putInteger,
    putLong,

    /**
     * Writes a time. The fraction of a millisecond is one of a few texts, and many times in a row share a millisecond.
     */
    putTime(out: Buffer, at: number, time: number): number {
      if (time < FIRST_TIME || time >= LAST_TIME) return at + out.write(String(time), at, "latin1");
      const ms = Math.floor(time);
      if (ms !== whole.value) {
        whole.value = ms;
        whole.text = Buffer.from(String(ms));
      }
      const part = (time - ms) * PER_MS;
      const fraction = (fractions[part] ??= Buffer.from(String(time).slice(whole.text.length)));
      return put(out, put(out, at, whole.text), fraction);
    },
  };
}

/** A number of 53 bits divided by this is below 2^32. */
const BILLION = 1e9;
const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;

/** Printable bytes that need no escape in a string of JSON. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x80 && jsonOf(String.fromCharCode(byte)).length === 3 ? 1 : 0,
);

function digits(value: number): number {
  let count = 1;
  for (let most = 9; value > most; most = most * 10 + 9) count++;
  return count;
}
