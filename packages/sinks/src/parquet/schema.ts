import type { Field, Fields } from "@rxbpf/core";
import { KINDS, type Stored } from "@rxbpf/core/events";
import type { ParquetWriter } from "hyparquet-writer";

type SchemaElement = ParquetWriter["schema"][number];

/** The schema of a Parquet file with these fields. */
export function parquetSchema(fields: Fields): SchemaElement[] {
  const columns = Object.entries(fields);
  return [
    { name: "event", num_children: columns.length },
    ...columns.flatMap(([name, field]) => elements(name, field)),
  ];
}

function elements(name: string, { kind, optional }: Field<unknown>): SchemaElement[] {
  const repetition_type = optional ? "OPTIONAL" : "REQUIRED";
  const { stored } = KINDS[kind];
  if (typeof stored === "string") return [{ name, repetition_type, ...TYPES[stored] }];
  return [
    { name, repetition_type, converted_type: "LIST", num_children: 1 },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "REQUIRED", ...TYPES[stored.list] },
  ];
}

type Type = Pick<SchemaElement, "type" | "converted_type" | "logical_type">;

const utf8: Type = { type: "BYTE_ARRAY", converted_type: "UTF8" };

const TYPES: Record<Exclude<Stored, object>, Type> = {
  // A point in time; readers show it in their own time zone.
  moment: { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" } },
  bool: { type: "BOOLEAN" },
  u8: { type: "INT32", converted_type: "UINT_8" },
  u16: { type: "INT32", converted_type: "UINT_16" },
  u32: { type: "INT32", converted_type: "UINT_32" },
  i32: { type: "INT32" },
  u64: { type: "INT64", converted_type: "UINT_64" },
  i64: { type: "INT64" },
  f64: { type: "DOUBLE" },
  choice: utf8,
  string: utf8,
  bytes: { type: "BYTE_ARRAY" },
};
