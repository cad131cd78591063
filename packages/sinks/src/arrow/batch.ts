import type { Columns, ColumnValues, Strings } from "@rxbpf/core/events";
import {
  Binary,
  Bool,
  type Data,
  type DataType,
  Dictionary,
  List,
  makeData,
  RecordBatch,
  type Schema,
  Struct,
  Uint64,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";

/** Makes record batches of one schema. */
export class Batches {
  readonly #schema: Schema;
  /** Shared by all batches, so that a file has each dictionary once. */
  readonly #dictionaries: readonly (Vector<Utf8> | undefined)[];

  /** @param choices the choices of each field that has them, by its index; numbers beyond them become an empty text */
  constructor(schema: Schema, choices: readonly (readonly string[] | undefined)[]) {
    this.#schema = schema;
    this.#dictionaries = choices.map((texts) => texts && vectorFromArray([...texts, ""], new Utf8()));
  }

  /** Makes a batch that uses the columns' own buffers. */
  make({ length, columns }: Columns, metadata?: Map<string, string>): RecordBatch {
    const { fields } = this.#schema;
    const children = columns.map((column, i) => data(fields[i]!.type, length, column, this.#dictionaries[i]));
    const struct = makeData({ type: new Struct(fields), length, nullCount: 0, children });
    return new RecordBatch(this.#schema, struct, metadata);
  }
}

function data(type: DataType, length: number, column: ColumnValues, dictionary: Vector<Utf8> | undefined): Data {
  const { presence } = column;
  const nulls = presence ? { nullCount: presence.absent, nullBitmap: presence.bits } : { nullCount: 0 };
  switch (column.type) {
    case "bits":
      return makeData({ type: new Bool(), length, ...nulls, data: column.values });
    case "strings":
      return texts(type as Utf8 | Binary, length, column, nulls);
    case "lists": {
      const { lists, items } = column;
      const child =
        items instanceof BigUint64Array
          ? makeData({ type: new Uint64(), length: items.length, nullCount: 0, data: items })
          : texts(new Utf8(), items.offsets.length - 1, items, { nullCount: 0 });
      return makeData({ type: type as List, length, ...nulls, valueOffsets: lists, child: child as Data });
    }
    case "numbers":
      if (dictionary && type instanceof Dictionary)
        return makeData({ type, length, ...nulls, data: known(column.values, dictionary.length), dictionary });
      // The type says what the numbers are. If it did not fit, every test of values would fail.
      return makeData({ type: type as never, length, ...nulls, data: column.values } as never);
  }
}

function texts(type: Utf8 | Binary, length: number, { offsets, bytes }: Strings, nulls: object): Data<Utf8> {
  return makeData({ type: type as Utf8, length, ...nulls, valueOffsets: offsets, data: bytes });
}

/** The numbers of a choice; a number beyond the choices becomes the last entry of the dictionary. */
function known(numbers: ArrayLike<unknown>, count: number): Uint8Array {
  return Uint8Array.from(numbers as ArrayLike<number>, (number) => Math.min(number, count - 1));
}
