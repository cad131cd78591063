import { NumberWriter } from "../column-writers.js";
import { field, type Field } from "../field.js";
import type { FieldKind } from "./kind.js";

/** A JavaScript number; only for optional fields. */
export const f64: (doc: string) => Field<number> = field("f64");

export const f64Kind: FieldKind = {
  blank: () => 0,
  writer: () => new NumberWriter("f64"),
  stored: "f64",
  fits: (value) => typeof value === "number",
};
