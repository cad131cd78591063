import { textOf } from "../../text/bytes.js";
import { StringWriter } from "../column-writers.js";
import { field, type Field } from "../field.js";
import { ESCAPE, type FieldKind, textAt } from "./kind.js";

/** In C a `struct text`. Bytes that are not UTF-8 become special characters: see `bytesOf`. */
export const text: (doc: string) => Field<string> = field("text");

export const textKind: FieldKind = {
  blank: () => "",
  recorded: {
    member: "text",
    size: 4,
    align: () => 2,
    row: (place) => `read.text(${textAt(place)})`,
    reader({ u8 }) {
      const buffer = Buffer.from(u8.buffer, u8.byteOffset, u8.byteLength);
      return (position: number, length: number) => textOf(buffer, position, position + length);
    },
    copy: (place, c) => `${c}.append(u8, ${textAt(place)});`,
    json: { write: (place) => `putText(out, at, ${textAt(place)})`, mostPerByte: ESCAPE },
  },
  writer: () => new StringWriter(),
  stored: "string",
  fits: (value) => typeof value === "string",
};
