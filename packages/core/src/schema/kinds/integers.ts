import { NumberWriter, WideWriter } from "../column-writers.js";
import { field, type Field } from "../field.js";
import type { Place } from "../record.js";
import { at, type FieldKind, word } from "./kind.js";

/** In C a `__u8`. */
export const u8: (doc: string) => Field<number> = field("u8");
/** In C a `__u16`. */
export const u16: (doc: string) => Field<number> = field("u16");
/** In C a `__u32`. */
export const u32: (doc: string) => Field<number> = field("u32");
/** In C a `__s32`. */
export const i32: (doc: string) => Field<number> = field("i32");
/** In C a `__u64` whose values stay below 2^53. A larger value ends the stream with a RangeError. */
export const u64: (doc: string) => Field<number> = field("u64");
/** As `u64`, signed. */
export const i64: (doc: string) => Field<number> = field("i64");

/** Integers that a JavaScript number always holds exactly. */
function small(stored: "u8" | "u16" | "u32" | "i32", row: (place: Place) => string): FieldKind {
  const signed = stored === "i32";
  const bits = Number(stored.slice(1));
  const [least, most] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  return {
    blank: () => 0,
    recorded: {
      member: "number",
      size: bits / 8,
      ...(signed && { signed }),
      align: (size) => size,
      row,
      copy: (place, c) => `${c}[at] = ${row(place)};`,
      json: { write: (_, value) => `putInteger(out, at, ${value})`, ...(bits === 32 && { inWords: true }) },
    },
    writer: () => new NumberWriter(stored),
    stored,
    fits: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

/** Integers of 64 bits. In a file with rows of operators, one may be a bigint. */
function wide(stored: "u64" | "i64", fits: (value: bigint) => boolean): FieldKind {
  const signed = stored === "i64";
  return {
    blank: () => 0,
    recorded: {
      member: "number",
      size: 8,
      ...(signed && { signed }),
      align: () => 4,
      row: (place) => `read.${stored}(${signed ? "i32" : "u32"}[${word(place)} + 1], u32[${word(place)}])`,
      reader: () => integer,
      copy: copyWide,
      json: { write: (_, value) => `putLong(out, at, ${value})`, inWords: true },
    },
    writer: () => new WideWriter(stored),
    stored,
    fromFile:
      ({ optional }) =>
      (value: bigint) =>
        exact(value, optional),
    fits: (value) => (typeof value === "bigint" || Number.isSafeInteger(value)) && fits(BigInt(value as number)),
  };
}

/** The source that copies the two halves of 64 bits. */
function copyWide(place: Place, c: string): string {
  return `${c}[2 * at] = u32[${word(place)}]; ${c}[2 * at + 1] = u32[${word(place)} + 1];`;
}

export function integer(high: number, low: number): number {
  const value = high * 4294967296 + low;
  if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot represent ${value} exactly: it exceeds 2^53`);
  return value;
}

/** A number, as in a live row. If an operator made it, it may be a bigint. */
export function exact(value: bigint, made: boolean = false): number | bigint {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  if (made) return value;
  throw new RangeError(`Cannot represent ${value} exactly: it exceeds 2^53`);
}

export const integers = {
  u8: small("u8", (place) => `u8[${at(place)}]`),
  u16: small("u16", (place) => `u16[(${at(place)}) >>> 1]`),
  u32: small("u32", (place) => `u32[${word(place)}]`),
  i32: small("i32", (place) => `i32[${word(place)}]`),
  u64: wide("u64", (value) => value >= 0n && value < 2n ** 64n),
  i64: wide("i64", (value) => BigInt.asIntN(64, value) === value),
} as const;
