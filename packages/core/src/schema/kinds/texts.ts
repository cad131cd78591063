import { textOf } from "../../text/bytes.js";
import { ListWriter } from "../column-writers.js";
import { field, type Field } from "../field.js";
import { ESCAPE, type FieldKind, textAt } from "./kind.js";

/** In C a `struct text` whose parts each end with a NUL. */
export const texts: (doc: string) => Field<readonly string[]> = field("texts");

export const textsKind: FieldKind = {
  blank: () => [],
  recorded: {
    member: "text",
    size: 4,
    align: () => 2,
    row: (place) => `read.texts(${textAt(place)})`,
    reader({ u8 }) {
      const buffer = Buffer.from(u8.buffer, u8.byteOffset, u8.byteLength);
      return (position: number, length: number) => {
        if (length === 0) return [];
        const all = textOf(buffer, position, position + length);
        return (all.endsWith("\0") ? all.slice(0, -1) : all).split("\0");
      };
    },
    copy: (place, c) => `${c}.append(u8, ${textAt(place)});`,
    json: { write: (_, value) => `putOther(out, at, ${value})`, mostPerByte: ESCAPE },
  },
  writer: () => new ListWriter(),
  stored: { list: "string" },
  fits: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
};
