import { BitWriter } from "../column-writers.js";
import { field, type Field } from "../field.js";
import { at, type FieldKind } from "./kind.js";

/** In C a `__u8`. */
export const bool: (doc: string) => Field<boolean> = field("bool");

export const boolKind: FieldKind = {
  blank: () => false,
  recorded: {
    member: "number",
    size: 1,
    align: () => 1,
    row: (place) => `u8[${at(place)}] !== 0`,
    copy: (place, c) => `if ((at & 7) === 0) ${c}[at >>> 3] = 0;
      if (u8[${at(place)}] !== 0) ${c}[at >>> 3] |= 1 << (at & 7);`,
    json: { write: (_, value) => `put(out, at, ${value} ? yes : no)` },
  },
  writer: () => new BitWriter(),
  stored: "bool",
  fits: (value) => typeof value === "boolean",
};
