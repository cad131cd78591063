import { StringWriter } from "../column-writers.js";
import type { FieldKind } from "./kind.js";

/** A value of no other kind, stored as JSON; only for optional fields. */
export const jsonKind: FieldKind = {
  blank: () => "",
  writer: () => new StringWriter(),
  stored: "string",
  fits: (value) => value !== null,
};
