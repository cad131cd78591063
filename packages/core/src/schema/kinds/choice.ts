import { NumberWriter } from "../column-writers.js";
import type { Field } from "../field.js";
import { at, type FieldKind } from "./kind.js";

/** In C a `__u8`, an index of `choices`. In a row, the text; an index past the end becomes an empty string. */
export function choice<const C extends readonly string[]>(doc: string, choices: C): Field<C[number]> {
  return { kind: "choice", doc, choices };
}

export const choiceKind: FieldKind = {
  blank: ({ choices = [] }) => choices[0] ?? "",
  recorded: {
    member: "number",
    size: 1,
    align: () => 1,
    row: (place, index) => `choices[${index}][u8[${at(place)}]] ?? ""`,
    copy: (place, c) => `${c}[at] = u8[${at(place)}];`,
    json: {
      // In this source the choices are bytes.
      write: (_, value) => `put(out, at, ${value.replace('""', "none")})`,
      most: ({ choices = [] }) => choices.reduce((most, { length }) => Math.max(most, 2 + 6 * length), 2),
    },
  },
  writer: ({ choices = [] }) => new ChoiceWriter(choices),
  stored: "choice",
  fits: (value, { choices = [] }) => value === "" || choices.includes(value as string),
};

/** Indices of a fixed list of texts. An index past the end stays as it is. */
class ChoiceWriter extends NumberWriter {
  readonly #choices: readonly string[];

  constructor(choices: readonly string[]) {
    super("u8");
    this.#choices = choices;
  }

  override value(value: unknown, at: number): void {
    const index = this.#choices.indexOf(String(value));
    super.value(index < 0 ? this.#choices.length : index, at);
  }
}
