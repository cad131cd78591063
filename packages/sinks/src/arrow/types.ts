import type { Field as SchemaField, Fields, Kind, Schema } from "@rxbpf/core";
import {
  Binary,
  Bool,
  type DataType,
  Dictionary,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  Schema as ArrowSchema,
  TimestampNanosecond,
  Uint16,
  Uint32,
  Uint64,
  Uint8,
  Utf8,
} from "apache-arrow";

import { fieldMetadata } from "./metadata.js";

/** The schema of a file of these events. The field of a choice is a dictionary, numbered by the field's place. */
export function arrowSchema({ fields }: Schema<Fields>, metadata: ReadonlyMap<string, string>): ArrowSchema {
  const arrowFields = Object.entries(fields).map(
    ([name, field], index) => new Field(name, typeOf(field, index), field.optional === true, fieldMetadata(field)),
  );
  return new ArrowSchema(arrowFields, new Map(metadata));
}

function typeOf({ kind }: SchemaField<unknown>, index: number): DataType {
  return kind === "choice" ? new Dictionary(new Utf8(), new Uint8(), index) : TYPES[kind]();
}

/** Names that occur often are plain strings too: readers agree best on those, and compression finds them. */
const TYPES: Record<Exclude<Kind, "choice">, () => DataType> = {
  time: () => new TimestampNanosecond("UTC"),
  bool: () => new Bool(),
  u8: () => new Uint8(),
  u16: () => new Uint16(),
  u32: () => new Uint32(),
  i32: () => new Int32(),
  u64: () => new Uint64(),
  i64: () => new Int64(),
  f64: () => new Float64(),
  chars: () => new Utf8(),
  address: () => new Utf8(),
  text: () => new Utf8(),
  json: () => new Utf8(),
  texts: () => new List(new Field("item", new Utf8(), false)),
  bytes: () => new Binary(),
  stack: () => new List(new Field("item", new Utf8(), false)),
  histogram: () => new List(new Field("item", new Uint64(), false)),
};
