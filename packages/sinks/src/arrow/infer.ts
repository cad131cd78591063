import type { Field, Fields, Kind, Schema } from "@rxbpf/core";
import { KINDS } from "@rxbpf/core/events";

import { jsonText } from "../json-text.js";
import { asRow } from "../table.js";
import { MORE } from "./decode.js";
import { excessOf } from "./json-value.js";

/**
 * Infers the schema of rows that came through operators: a field of the stream keeps its type, other fields get the
 * type of their values in the first rows. All are optional, and values that fit none are kept as JSON.
 */
export function inferSchema(origin: Schema<Fields> | undefined, rows: readonly unknown[]): Schema<Fields> {
  const values = new Map<string, unknown[]>(Object.keys(origin?.fields ?? {}).map((name) => [name, []]));
  for (const row of rows) {
    for (const [name, value] of Object.entries(asRow(row))) {
      if (value === undefined || value === null) continue;
      const before = values.get(name);
      if (before) before.push(value);
      else values.set(name, [value]);
    }
  }
  const fields: Record<string, Field<unknown>> = {};
  for (const [name, seen] of values) {
    const own = origin && Object.hasOwn(origin.fields, name) ? origin.fields[name] : undefined;
    if (name === MORE || name === "__proto__" || (seen.length === 0 && rows.length > 0)) continue;
    const field = own && seen.every((value) => fits(own, value)) ? own : { kind: kindOf(seen), doc: "" };
    fields[name] = { ...field, optional: true };
  }
  fields[MORE] = { kind: "json", doc: "values that fit no other field, by name", optional: true };
  return { struct: origin?.struct ?? "", fields };
}

/** Returns a function that turns a row into the values of a schema's fields. */
export function fitter({ fields }: Schema<Fields>): (row: unknown) => Record<string, unknown> {
  return (row) => {
    const fitting: Record<string, unknown> = {};
    const rest: Record<string, unknown> = {};
    let more = false;
    for (const [name, value] of Object.entries(asRow(row))) {
      if (value === undefined) continue;
      const field = name !== MORE && Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (field && fits(field, value)) fitting[name] = field.kind === "json" ? readableJson(value) : value;
      else {
        Object.defineProperty(rest, name, { value, enumerable: true });
        more = true;
      }
    }
    if (more) fitting[MORE] = readableJson(rest);
    return fitting;
  };
}

/** A value as JSON. @throws Error if readers would refuse it */
function readableJson(value: unknown): string {
  const text = jsonText(value);
  const excess = excessOf(text);
  if (excess) throw new Error(`Cannot record a value: ${excess}`);
  return text;
}

function kindOf(values: readonly unknown[]): Kind {
  const kinds = ["bool", "f64", "i64", "text", "texts", "bytes"] as const;
  const natural = (kind: Kind) => (value: unknown) =>
    (kind === "i64" ? typeof value === "bigint" : true) && fits({ kind, doc: "" }, value);
  return kinds.find((kind) => values.every(natural(kind))) ?? "json";
}

/** Whether a column of this field keeps a value exactly. */
function fits(field: Field<unknown>, value: unknown): boolean {
  return KINDS[field.kind].fits(value, field);
}
