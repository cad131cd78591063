import { all, any, compare, constant, known, not } from "../ir/make.js";
import type { Match, Obstacle, Span, Test } from "../ir/types.js";
import { obstacle } from "./obstacles.js";
import type { Value } from "./values.js";

/** Texts of the input, compared with known texts. */

type Text = Extract<Value, { kind: "text" }>;
type Choice = Extract<Value, { kind: "choice" }>;

/** The methods of strings that the kernel can run, and how they compare. */
export const MATCHES: Readonly<Record<string, Match>> = {
  startsWith: "starts",
  endsWith: "ends",
  includes: "includes",
};

/** The longest text that is compared, in bytes. */
const LONGEST = 256;

/** Whether a text equals, starts with, ends with or includes a known one. */
export function matchText({ place, form }: Text, how: Match, wanted: string, at: Span): Test | Obstacle {
  if (how !== "equals") {
    if (!form.hasParts) return obstacle("textParts", at);
    if (wanted === "") return known(true);
    if (!isWhole(wanted)) return obstacle("badText", at);
    if (how === "includes" && place.kind === "pointed") return obstacle("textIncludes", at);
  }
  const bytes = form.bytesOf(wanted);
  if (!bytes) return known(false);
  if (place.kind === "fixed" && bytes.length !== place.size) return known(false);
  if (place.kind === "until-nul" && (bytes.length > place.size || bytes.includes(0))) return known(false);
  if (bytes.length > LONGEST) return obstacle("longText", at);
  return { kind: "match", how, place, bytes, at };
}

/** Whether a part of this text is a part of its bytes: no halves of characters, and no characters that stand for bytes. */
function isWhole(text: string): boolean {
  return !/[\uef80-\uefff]/.test(text) && !/\p{Surrogate}/u.test(text);
}

/** A test of a choice's text, asked of JavaScript for each of its texts. */
export function testChoice({ int, choices }: Choice, holds: (text: string) => boolean, at: Span): Test {
  const past = constant(BigInt(choices.length));
  const isNamed = compare("<", int, past, at);
  const held = choices.map((text) => holds(text));
  const most = held.filter(Boolean).length > choices.length / 2;
  const numbers = choices.flatMap((_, index) => (held[index] === most ? [] : [index]));
  const isOne = any(...numbers.map((index) => compare("==", int, constant(BigInt(index)), at)));
  // `isOne` says where the rarer result is; past the end the text is empty.
  const named: Test = most ? not(isOne) : isOne;
  if (holds("") === most) return named;
  return most ? all(isNamed, named) : any(not(isNamed), named);
}

/** Whether a number of a choice has a text that is not empty. */
export function choiceTruth(choice: Choice, at: Span): Test {
  return testChoice(choice, Boolean, at);
}
