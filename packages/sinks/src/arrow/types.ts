import type { Field as SchemaField, Fields, Schema } from "@rxbpf/core";
import { KINDS, type Stored } from "@rxbpf/core/events";
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

/** The Arrow schema for these fields. A choice is a dictionary, whose id is the field's index. */
export function arrowSchema({ fields }: Schema<Fields>, metadata: ReadonlyMap<string, string>): ArrowSchema {
  const arrowFields = Object.entries(fields).map(
    ([name, field], index) => new Field(name, typeOf(field, index), field.optional === true, fieldMetadata(field)),
  );
  return new ArrowSchema(arrowFields, new Map(metadata));
}

function typeOf({ kind }: SchemaField<unknown>, index: number): DataType {
  const { stored } = KINDS[kind];
  if (stored === "choice") return new Dictionary(new Utf8(), new Uint8(), index);
  if (typeof stored === "object") return new List(new Field("item", TYPES[stored.list](), false));
  return TYPES[stored]();
}

/** Names that occur often are plain strings too: readers agree best on those, and compression removes repetition. */
const TYPES: Record<Exclude<Stored, "choice" | object>, () => DataType> = {
  moment: () => new TimestampNanosecond("UTC"),
  bool: () => new Bool(),
  u8: () => new Uint8(),
  u16: () => new Uint16(),
  u32: () => new Uint32(),
  i32: () => new Int32(),
  u64: () => new Uint64(),
  i64: () => new Int64(),
  f64: () => new Float64(),
  string: () => new Utf8(),
  bytes: () => new Binary(),
};
