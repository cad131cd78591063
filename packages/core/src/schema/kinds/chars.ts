import { textOf } from "../../text/bytes.js";
import { StringWriter } from "../column-writers.js";
import { field, type Field } from "../field.js";
import { at, ESCAPE, type FieldKind } from "./kind.js";
import { remembered } from "./remembered.js";

/** In C a `char[n]` that ends at its first NUL. */
export const chars: (doc: string) => Field<string> = field("chars");

export const charsKind: FieldKind = {
  blank: () => "",
  recorded: {
    member: "array",
    align: (size) => (size === 16 ? 4 : 1),
    row: (place) => `read.chars(${at(place)}, ${place.size})`,
    reader({ u8, u32 }) {
      const buffer = Buffer.from(u8.buffer, u8.byteOffset, u8.byteLength);
      const untilNul = (position: number, size: number): string => {
        const nul = u8.indexOf(0, position);
        const length = nul < 0 || nul > position + size ? size : nul - position;
        return textOf(buffer, position, position + length);
      };
      const chars16 = remembered(u32, (position) => untilNul(position, 16));
      return (position: number, size: number) => (size === 16 ? chars16(position) : untilNul(position, size));
    },
    copy: (place, c) => `${c}.append(u8, ${at(place)}, lengthOf(u8, ${at(place)}, ${place.size}));`,
    json: {
      write: (place) => `putText(out, at, ${at(place)}, lengthOf(u8, ${at(place)}, ${place.size}))`,
      most: ({ size }) => 2 + ESCAPE * size,
      inWords: true,
    },
  },
  writer: () => new StringWriter(),
  stored: "string",
  fits: (value) => typeof value === "string",
};
