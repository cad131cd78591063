import { type Field, type Frame, type Histogram, printable } from "@rxbpf/core";
import { who } from "@rxbpf/core/events";

import type { DictionaryValue } from "./format.js";

/** Texts are cut to this many characters: a page shows them, and does not keep them. */
const MOST_TEXT = 1024;
/** How many items of a list are kept. */
const MOST_ITEMS = 512;

/** The values of a field in the events that a page keeps: numbers, or indices of the values that occur. */
export type Gathered =
  | { readonly dictionary: undefined; readonly numbers: Float64Array }
  | { readonly dictionary: readonly DictionaryValue[]; readonly numbers: Uint32Array };

/** Gathers the values of a field. */
export interface Gatherer {
  /** Adds a value as it is in a row; undefined if it is absent. */
  add(value: unknown): void;
  /** Drops every second value, from the second on. */
  halve(): void;
  /** How many characters it holds, about. */
  readonly size: number;
  take(): Gathered;
}

/** How a field's values are kept: as they are if they are measured, in a dictionary if they name something. */
export function gathererOf(name: string, field: Field<unknown>): Gatherer {
  return isMeasured(name, field) ? new Numbers() : new Dictionary(fieldText(field));
}

/** Whether a field is a moment or an amount: something to add up or to compare, rather than a name of something. */
function isMeasured(name: string, { kind, unit, optional }: Field<unknown>): boolean {
  if (kind === "time") return !optional;
  return !optional && !(name in who) && (WIDE.has(kind) || (unit !== undefined && SHORT.has(kind)));
}

const WIDE: ReadonlySet<string> = new Set(["u64", "i64", "f64"]);
const SHORT: ReadonlySet<string> = new Set(["u8", "u16", "u32", "i32"]);

/** Numbers, as they come. */
class Numbers implements Gatherer {
  #values = new Float64Array(1024);
  #length = 0;
  readonly size = 0;

  add(value: unknown): void {
    if (this.#length === this.#values.length) this.#values = grown(this.#values, new Float64Array(2 * this.#length));
    this.#values[this.#length++] = value as number;
  }

  halve(): void {
    this.#length = halve(this.#values, this.#length);
  }

  take(): Gathered {
    return { dictionary: undefined, numbers: this.#values.subarray(0, this.#length) };
  }
}

/** Values that occur again and again. */
class Dictionary implements Gatherer {
  readonly #read: (value: unknown) => DictionaryValue;
  #ids = new Map<unknown, number>();
  #values: DictionaryValue[] = [];
  #keys: unknown[] = [];
  #numbers = new Uint32Array(1024);
  #length = 0;
  /** Most events have the value of the one before. */
  #last: unknown = {};
  #lastId = 0;
  size = 0;

  constructor(read: (value: unknown) => DictionaryValue) {
    this.#read = read;
  }

  add(value: unknown): void {
    if (value !== this.#last) {
      this.#lastId = this.#id(value);
      this.#last = value;
    }
    if (this.#length === this.#numbers.length) this.#numbers = grown(this.#numbers, new Uint32Array(2 * this.#length));
    this.#numbers[this.#length++] = this.#lastId;
  }

  halve(): void {
    this.#length = halve(this.#numbers, this.#length);
    this.#forgetUnused();
  }

  take(): Gathered {
    return { dictionary: this.#values, numbers: this.#numbers.subarray(0, this.#length) };
  }

  #id(value: unknown): number {
    const key = typeof value === "object" && value !== null ? keyOf(value) : value;
    let id = this.#ids.get(key);
    if (id === undefined) {
      this.#ids.set(key, (id = this.#values.length));
      const read = this.#read(value);
      this.#keys.push(key);
      this.#values.push(read);
      this.size += sizeOf(key) + sizeOf(read);
    }
    return id;
  }

  #forgetUnused(): void {
    const [keys, values, numbers] = [this.#keys, this.#values, this.#numbers];
    const ids = new Map<number, number>();
    this.#ids = new Map();
    this.#keys = [];
    this.#values = [];
    this.size = 0;
    this.#last = {};
    for (let i = 0; i < this.#length; i++) {
      const before = numbers[i]!;
      let id = ids.get(before);
      if (id === undefined) {
        ids.set(before, (id = this.#values.length));
        this.#ids.set(keys[before], id);
        this.#keys.push(keys[before]);
        this.#values.push(values[before]!);
        this.size += sizeOf(keys[before]) + sizeOf(values[before]);
      }
      numbers[i] = id;
    }
  }
}

/** A text that is the same for equal lists. */
function keyOf(value: object): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
  return JSON.stringify(value);
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 8);
  return typeof value === "string" ? value.length : 8;
}

function grown<A extends Float64Array | Uint32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

function halve(values: Float64Array | Uint32Array, length: number): number {
  let kept = 0;
  for (let i = 0; i < length; i += 2) values[kept++] = values[i]!;
  return kept;
}

/** Makes what a page has of a value of this field. */
function fieldText({ kind }: Field<unknown>): (value: unknown) => DictionaryValue {
  return (value) => (value === undefined ? null : (READ[kind]?.(value) ?? plain(value)));
}

const READ: Readonly<Record<string, (value: unknown) => DictionaryValue>> = {
  texts: (value) => shown((value as readonly string[]).slice(0, MOST_ITEMS).map(quoted).join(" ")),
  bytes: (value) => shown(Buffer.from(value as Uint8Array).toString("hex")),
  stack: (value) => (value as readonly Frame[]).slice(0, MOST_ITEMS).map(frame),
  histogram: (value) => (value as Histogram).counts.slice(0, MOST_ITEMS),
};

function plain(value: unknown): DictionaryValue {
  if (typeof value === "number") return value;
  if (typeof value === "string") return shown(value);
  return shown(JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? String(one) : one)));
}

/** An argument as one would type it, so that a list of them can be read. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A function and its module; neither contains the tab between them. */
function frame({ name, module }: Frame): string {
  return `${shown(name)}\t${shown(module)}`;
}

/** A text that can be shown anywhere. */
export function shown(text: string): string {
  return printable(text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text);
}
