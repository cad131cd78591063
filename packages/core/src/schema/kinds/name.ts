import { type ColumnWriter, StringWriter } from "../column-writers.js";
import type { Field } from "../field.js";
import { type FieldKind, word } from "./kind.js";

/**
 * A text that this process finds by an id in the record, for the field that holds the id; absent where it finds none. No program
 * writes it. A row of a recording has it as it was found.
 * @param of the field with the id, a `u64`
 */
export function nameOf(of: string): (doc: string) => Field<string> & { readonly optional: true } {
  return (doc) => ({ kind: "name", doc, of, optional: true });
}

/** How many texts are remembered in the form of a sink. */
const MOST_REMEMBERED = 4096;

/** Makes a function that converts texts and remembers the results, as the same few occur again and again. */
export function rememberingTexts(convert: (text: string) => Uint8Array): (text: string) => Uint8Array {
  const known = new Map<string, Uint8Array>();
  return (text) => {
    let made = known.get(text);
    if (made === undefined) {
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(text, (made = convert(text)));
    }
    return made;
  };
}

export const nameKind: FieldKind = {
  blank: () => "",
  recorded: {
    // The id's.
    member: "number",
    size: 8,
    align: () => 4,
    row: (place, index) => `places[${index}].find(u32[${word(place)} + 1] * 4294967296 + u32[${word(place)}])`,
    copy: (place, c, index) => `${c}.value(${nameKind.recorded!.row(place, index)}, at);`,
    json: { write: (_, value) => value, absent: true },
  },
  writer: (): ColumnWriter => new NameWriter(),
  stored: "string",
  fits: (value) => typeof value === "string",
};

/** Texts of which there are few. */
class NameWriter extends StringWriter {
  readonly #bytesOf = rememberingTexts((text) => Buffer.from(text));

  override value(value: unknown): void {
    super.value(this.#bytesOf(String(value)));
  }
}
