import { printable } from "./printable.js";

/** A column of a text table of `E`s. */
export interface Column<E> {
  /** The heading, padded. */
  readonly head: string;
  /**
   * The cell of an event, padded, without control characters that a terminal would obey. The event is valid only during the
   * call: it may be a view of a record.
   */
  cell(event: E): string;
  /** What the cell shows, if rows can be sorted by it. */
  value?(event: E): unknown;
  /** Whether its cells are numbers, which must not be cut: a part would be another number. */
  readonly numeric?: boolean;
}

type Value = string | number | Printed;

/** The text of a cell that `printable` or `printableJson` has already made safe. */
export class Printed {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text. */
  toString(): string {
    return this.#text;
  }
}

/**
 * Describes a column by a printf format, as BCC's tools do: flags `-` and `0`, a width, a precision, and one of
 * `s d o x f`, with literal text around it.
 * @param value returns what to print of an event; undefined leaves the cell blank
 * @param headFormat the format of the title; by default derived from `format`
 * @throws TypeError for any other format
 */
export function column<E>(
  title: string,
  format: string,
  value: (event: E) => Value | undefined,
  headFormat: string = format.replace(/%(-?)0?(\d*)(?:\.\d+)?[sdoxf]/, "%$1$2s"),
): Column<E> {
  const print = printf(format);
  const printHead = printf(headFormat);
  const blank = printHead("");
  // Many events in a row have the same process, or the same result.
  let last: Value | undefined;
  let cell = blank;
  return {
    head: printHead(title),
    numeric: !/%[-\d.]*s/.test(format),
    value,
    cell: (event) => {
      const given = value(event);
      if (given === undefined) return blank;
      if (given !== last) {
        cell = print(given);
        last = given;
      }
      return cell;
    },
  };
}

function printf(format: string): (value: Value) => string {
  const parts = /^([^%]*)%(-?)(0?)(\d*)(?:\.(\d+))?([sdoxf])([^%]*)$/.exec(format);
  if (!parts) throw new TypeError(`Cannot use the column format ${JSON.stringify(format)}`);
  const [, before = "", left, zero, width = "", precision, conversion = "", after = ""] = parts;
  const digits = precision === undefined ? undefined : Number(precision);
  const convert = CONVERSIONS[conversion as keyof typeof CONVERSIONS];
  const fill = zero ? "0" : " ";
  const size = Number(width);
  return left
    ? (value) => before + convert(value, digits).padEnd(size) + after
    : (value) => before + convert(value, digits).padStart(size, fill) + after;
}

function text(value: Value): string {
  return typeof value === "string" ? printable(value) : String(value);
}

/** Cuts a text, but not within a character of two code units. */
function cut(text: string, most: number): string {
  const last = text.length > most ? text.charCodeAt(most - 1) : 0;
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}

const CONVERSIONS = {
  s: (value: Value, most?: number) => (most === undefined ? text(value) : cut(text(value), most)),
  d: text,
  o: (value: Value) => Number(value).toString(8),
  x: (value: Value) => Number(value).toString(16),
  f: (value: Value, digits: number = 6) => Number(value).toFixed(digits),
} as const;
