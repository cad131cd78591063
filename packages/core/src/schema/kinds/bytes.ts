import { StringWriter } from "../column-writers.js";
import { field, type Field } from "../field.js";
import { type FieldKind, textAt } from "./kind.js";

/** In C a `struct text` with bytes that are no text. */
export const bytes: (doc: string) => Field<Uint8Array> = field("bytes");

/** The longest JSON of one byte of an array: `"65535":255,`. */
const BYTE = 12;

export const bytesKind: FieldKind = {
  blank: () => new Uint8Array(),
  recorded: {
    member: "text",
    size: 4,
    align: () => 2,
    row: (place) => `read.bytes(${textAt(place)})`,
    reader:
      ({ u8 }) =>
      (position: number, length: number) =>
        new Uint8Array(u8.subarray(position, position + length)),
    copy: (place, c) => `${c}.append(u8, ${textAt(place)});`,
    json: { write: (_, value) => `putOther(out, at, ${value})`, mostPerByte: BYTE },
  },
  writer: () => new StringWriter({ asTheyAre: true }),
  stored: "bytes",
  fits: (value) => value instanceof Uint8Array,
};
