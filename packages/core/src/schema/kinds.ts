import type { Kind } from "./field.js";
import { addressKind } from "./kinds/address.js";
import { boolKind } from "./kinds/bool.js";
import { bytesKind } from "./kinds/bytes.js";
import { charsKind } from "./kinds/chars.js";
import { choiceKind } from "./kinds/choice.js";
import { f64Kind } from "./kinds/f64.js";
import { histogramKind } from "./kinds/histogram.js";
import { integers } from "./kinds/integers.js";
import { jsonKind } from "./kinds/json.js";
import type { FieldKind, RecordForm } from "./kinds/kind.js";
import { nameKind } from "./kinds/name.js";
import { stackKind } from "./kinds/stack.js";
import { textKind } from "./kinds/text.js";
import { textsKind } from "./kinds/texts.js";
import { timeKind } from "./kinds/time.js";

/** All kinds of fields, by name. */
export const KINDS: Readonly<Record<Kind, FieldKind>> = {
  ...integers,
  time: timeKind,
  bool: boolKind,
  f64: f64Kind,
  choice: choiceKind,
  address: addressKind,
  chars: charsKind,
  text: textKind,
  texts: textsKind,
  bytes: bytesKind,
  json: jsonKind,
  histogram: histogramKind,
  name: nameKind,
  stack: stackKind,
};

/** How programs write a kind. @throws Error if no program does */
export function recordForm(kind: Kind): RecordForm {
  const { recorded } = KINDS[kind];
  if (!recorded) throw new Error(`No program writes a field of the kind ${kind}`);
  return recorded;
}
