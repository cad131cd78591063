import type { Field, Fields, Schema } from "@rxbpf/core";
import { KINDS } from "@rxbpf/core/events";

import { Body } from "./body.js";
import { parseJson } from "./json-value.js";
import { MOST_ROWS, mostValues } from "./limits.js";
import type { BatchHeader } from "./message.js";

/** Reads the value of a field in a row of a batch; undefined if it is absent. */
export type Reader = (row: number) => unknown;

/** The field that holds, as JSON, the values of a row that fit no column. */
export const MORE = "more";

/**
 * Makes a reader for the rows of a recorded batch. It checks everything first, so that rows that are read later lie
 * within the body.
 * @throws RangeError for a batch that is damaged
 */
export function rowReader({ fields }: Schema<Fields>, header: BatchHeader, body: ArrayBuffer): RowReader {
  const values = header.length * Object.keys(fields).length;
  if (header.length > MOST_ROWS || (header.compressed && values > mostValues(body.byteLength)))
    throw new RangeError(`A batch has ${header.length} rows`);
  const source = new Source(header, body);
  const columns = new Map(Object.entries(fields).map(([name, field]) => [name, source.field(field)]));
  const readers = [...columns].map(([name, read]) => [name, asInRow(fields[name]!, read)] as const);
  const exact = readers.map(
    ([name, read]) => [name, fields[name]!.kind === "time" ? columns.get(name)! : read] as const,
  );
  const more = fields[MORE]?.kind === "json" && fields[MORE].optional === true;
  const time = readers.find(([name]) => fields[name]!.kind === "time")?.[1];
  return {
    row: (index) => readRow(index, readers, more),
    exactRow: (index) => readRow(index, exact, more),
    time: (index) => time?.(index) as number | undefined,
    columns,
    values: new Map(readers),
  };
}

/** @param more whether a field holds what fits no other */
function readRow(
  index: number,
  readers: readonly (readonly [string, Reader])[],
  more: boolean,
): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const [name, read] of readers) {
    const value = read(index);
    if (value !== undefined) event[name] = value;
  }
  if (!more) return event;
  const { [MORE]: rest, ...known } = event;
  return { ...known, ...(rest as object | undefined) };
}

/** Reads rows and columns of a batch. */
export interface RowReader {
  /** Decodes the event at an index into a plain object. */
  readonly row: (index: number) => Record<string, unknown>;
  /** The same with times as in the file. */
  readonly exactRow: (index: number) => Record<string, unknown>;
  /** The first time field of a row, in Unix milliseconds; undefined if it has none. */
  readonly time: (index: number) => number | undefined;
  /**
   * The values of each field as they are in the file: times in Unix nanoseconds, 64-bit integers as bigint, JSON as
   * text.
   */
  readonly columns: ReadonlyMap<string, Reader>;
  /** The values of each field as they are in a row. */
  readonly values: ReadonlyMap<string, Reader>;
}

/** Takes the nodes and buffers of a batch in order. */
class Source {
  readonly #header: BatchHeader;
  readonly #body: Body;
  #node = 0;

  constructor(header: BatchHeader, body: ArrayBuffer) {
    this.#header = header;
    this.#body = new Body(header, body);
  }

  field(field: Field<unknown>): Reader {
    const { length } = this.#header;
    const present = this.#array(length);
    const read = this.#values(field, length);
    return present ? (row) => (present(row) ? read(row) : undefined) : read;
  }

  /** Takes an array's node and its validity bits, which say which values are present; undefined if all are. */
  #array(length: number): ((row: number) => boolean) | undefined {
    const [found, nulls] = this.#header.nodes[this.#node++] ?? [];
    if (found !== length || nulls === undefined || nulls > length) throw new RangeError("An array has a wrong length");
    if (nulls > 0) return bits(this.#bytes(Math.ceil(length / 8)));
    this.#body.skip();
    return undefined;
  }

  #values({ kind, choices = [] }: Field<unknown>, length: number): Reader {
    const { stored } = KINDS[kind];
    if (typeof stored === "object") return this.#lists(length, (count) => this.#items(stored.list, count));
    switch (stored) {
      case "choice": {
        const values = this.#bytes(length);
        return (row) => choices[values[row]!] ?? "";
      }
      case "bool":
        return bits(this.#bytes(Math.ceil(length / 8)));
      case "bytes":
        return this.#strings(length, (bytes, start, end) => new Uint8Array(bytes.subarray(start, end)));
      default:
        return this.#items(stored, length);
    }
  }

  /** Reads values of the types that a list can hold too. */
  #items(stored: keyof typeof NUMBERS | "string", length: number): Reader {
    if (stored === "string") return this.#strings(length, (bytes, start, end) => bytes.toString("utf8", start, end));
    const array: Numbers<ArrayLike<number | bigint>> = NUMBERS[stored];
    const values = this.#numbers(array, length);
    return (row) => values[row]!;
  }

  #lists(length: number, items: (count: number) => Reader): Reader {
    const offsets = this.#offsets(length);
    const count = offsets[length] ?? 0;
    this.#array(count);
    const read = items(count);
    checkOffsets(offsets, count);
    return (row) => {
      const list: unknown[] = [];
      for (let i = offsets[row]!; i < offsets[row + 1]!; i++) list.push(read(i));
      return list;
    };
  }

  #strings(length: number, make: (bytes: Buffer, start: number, end: number) => unknown): Reader {
    const offsets = this.#offsets(length);
    const bytes = this.#bytes(offsets[length] ?? 0);
    checkOffsets(offsets, bytes.length);
    return (row) => make(bytes, offsets[row]!, offsets[row + 1]!);
  }

  /** The offsets of `length` values. For 0 values they may be missing. */
  #offsets(length: number): Int32Array {
    return this.#numbers(Int32Array, length === 0 ? 0 : length + 1);
  }

  #bytes(length: number): Buffer {
    const { memory, at } = this.#body.take(length);
    return Buffer.from(memory, at, length);
  }

  #numbers<A>(array: Numbers<A>, length: number): A {
    const { memory, at } = this.#body.take(length * array.BYTES_PER_ELEMENT);
    return new array(memory, at, length);
  }
}

interface Numbers<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, offset: number, length: number): A;
}

const NUMBERS = {
  ...{ u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f64: Float64Array },
  ...{ moment: BigInt64Array, i64: BigInt64Array, u64: BigUint64Array },
} as const;

/** Converts values of the file into those of a live row. */
function asInRow(field: Field<unknown>, read: Reader): Reader {
  const { fromFile } = KINDS[field.kind];
  const made = field.kind === "json" ? parseJson : fromFile?.(field);
  if (!made) return read;
  return (row) => {
    const value = read(row);
    return value === undefined ? undefined : made(value as never);
  };
}

function bits(bytes: Uint8Array): (row: number) => boolean {
  return (row) => ((bytes[row >>> 3]! >>> (row & 7)) & 1) === 1;
}

function checkOffsets(offsets: Int32Array, end: number): void {
  let before = 0;
  for (const offset of offsets) {
    if (offset < before) throw new RangeError("A text ends before it begins");
    before = offset;
  }
  if (before > end) throw new RangeError("A text ends after its batch");
}
