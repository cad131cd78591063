import { choose, compare, constant, known, not, undecided } from "../ir/make.js";
import type { Comparison, Obstacle, Span, Test } from "../ir/types.js";
import {
  arithmetic,
  type Arithmetic,
  bigArithmetic,
  bigBitwise,
  bitwise,
  type Bitwise,
  compareBig,
  compareNumbers,
  isBig,
  isNumeric,
  negated,
} from "./numbers.js";
import { obstacle } from "./obstacles.js";
import { choiceTruth, matchText, testChoice } from "./texts.js";
import { booleanValue, countOf, either, knownValue, undecidedValue, type Value } from "./values.js";

/** Whether a value is true, as a condition. */
export function truth(value: Value, at: Span): Test {
  switch (value.kind) {
    case "known":
      return known(Boolean(value.value));
    case "number":
    case "bigint":
      return compare("!=", value.int, constant(0n), at);
    case "fraction":
      return orUndecided(compareNumbers("!=", value, { kind: "known", value: 0 }, at));
    case "boolean":
      return value.test;
    case "text":
      return not(orUndecided(matchText(value, "equals", "", at)));
    case "choice":
      return choiceTruth(value, at);
    case "input":
    case "closure":
    case "method":
      return known(true);
    case "either":
      return choose(value.test, truth(value.yes, at), truth(value.no, at));
    case "undecided":
      return undecided(value.obstacle);
  }
}

export type BinaryOperator = Comparison | "===" | "!==" | Arithmetic | Bitwise | "**";

/** The most values that two operands can have together. */
const MOST_VALUES = 256;

/** The result of an operator with two operands. */
export function operate(op: BinaryOperator, a: Value, b: Value, at: Span): Value {
  if (a.kind === "undecided") return a;
  if (b.kind === "undecided") return b;
  if (countOf(a) * countOf(b) > MOST_VALUES) return undecidedValue(obstacle("tooMuch", at));
  if (a.kind === "either") return either(a.test, operate(op, a.yes, b, at), operate(op, a.no, b, at));
  if (b.kind === "either") return either(b.test, operate(op, a, b.yes, at), operate(op, a, b.no, at));
  if (a.kind === "known" && b.kind === "known") return computed(op, a.value, b.value, at);
  switch (op) {
    case "===":
    case "!==":
      return compared(op === "===" ? "==" : "!=", a, b, true, at);
    case "==":
    case "!=":
      return compared(op, a, b, false, at);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compared(op, a, b, false, at);
    case "**":
      return undecidedValue(obstacle("tooLarge", at));
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      if (isNumeric(a) && isNumeric(b)) return arithmetic(op, a, b, at);
      if (isBig(a) && isBig(b)) return bigArithmetic(op, a, b, at);
      return undecidedValue(obstacle(op === "+" && (isText(a) || isText(b)) ? "textBuilt" : "conversion", at));
    default:
      if (isNumeric(a) && isNumeric(b)) return bitwise(op, a, b, at);
      if (isBig(a) && isBig(b) && op !== ">>>") return bigBitwise(op, a, b, at);
      return undecidedValue(obstacle("conversion", at));
  }
}

/** The result of an operator with one operand, other than `!`. */
export function operateUnary(op: string, value: Value, at: Span): Value {
  if (value.kind === "either")
    return either(value.test, operateUnary(op, value.yes, at), operateUnary(op, value.no, at));
  if (value.kind === "undecided") return value;
  switch (op) {
    case "typeof":
      return knownValue(typeName(value));
    case "void":
      return knownValue(undefined);
    case "~":
      return operate("^", value, knownValue(isBig(value) ? -1n : -1), at);
    case "-":
      if (isBig(value)) return operate("-", knownValue(0n), value, at);
      if (value.kind === "known" && typeof value.value === "number") return knownValue(-value.value);
      return isNumeric(value) ? negated(value, at) : undecidedValue(obstacle("conversion", at));
    case "+":
      return isNumeric(value) ? value : undecidedValue(obstacle("conversion", at));
    default:
      return undecidedValue(obstacle("expression", at));
  }
}

/** A test, or the obstacle in its way. */
export function orUndecided(test: Test | Obstacle): Test {
  return "kind" in test ? test : undecided(test);
}

function compared(op: Comparison, a: Value, b: Value, strict: boolean, at: Span): Value {
  return booleanValue(orUndecided(comparison(op, a, b, strict, at)));
}

function comparison(op: Comparison, a: Value, b: Value, strict: boolean, at: Span): Test | Obstacle {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(op, a, b, at);
  if (isBig(a) && isBig(b)) return compareBig(op, a, b, at);
  const equality = op === "==" || op === "!=";
  if (isNothing(a) || isNothing(b)) return equality ? known(op === "!=") : obstacle("conversion", at);
  if (isBoolean(a) && isBoolean(b) && equality) {
    const same = choose(truth(a, at), truth(b, at), not(truth(b, at)));
    return op === "==" ? same : not(same);
  }
  if (a.kind === "choice" && b.kind === "known" && typeof b.value === "string")
    return testChoice(a, (text) => jsCompare(op, text, b.value as string), at);
  if (b.kind === "choice" && a.kind === "known" && typeof a.value === "string")
    return testChoice(b, (text) => jsCompare(op, a.value as string, text), at);
  if (isText(a) && isText(b)) {
    if (!equality) return obstacle("textOrder", at);
    const [text, other] = a.kind === "text" ? [a, b] : [b, a];
    if (text.kind !== "text" || other.kind !== "known") return obstacle("twoTexts", at);
    const same = matchText(text, "equals", other.value as string, at);
    return op === "==" || !("kind" in same) ? same : not(same);
  }
  return obstacle(strict || !equality ? "otherTypes" : "conversion", at);
}

function isText(value: Value): boolean {
  return (
    value.kind === "text" || value.kind === "choice" || (value.kind === "known" && typeof value.value === "string")
  );
}

function isBoolean(value: Value): boolean {
  return value.kind === "boolean" || (value.kind === "known" && typeof value.value === "boolean");
}

/** No field is null or undefined. */
function isNothing(value: Value): boolean {
  return value.kind === "known" && (value.value === null || value.value === undefined);
}

function jsCompare(op: Comparison, a: string, b: string): boolean {
  switch (op) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
  }
}

/* oxlint-disable eqeqeq -- JavaScript's own operators */
const OPERATORS: Readonly<Record<BinaryOperator, (a: never, b: never) => unknown>> = {
  "===": (a, b) => a === b,
  "!==": (a, b) => a !== b,
  "==": (a, b) => a == b,
  "!=": (a, b) => a != b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "+": (a, b) => (a as number) + (b as number),
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
  ">>>": (a, b) => a >>> b,
};
/* oxlint-enable eqeqeq */

/** What JavaScript computes of two known values. Objects could run code of their own. */
function computed(op: BinaryOperator, a: unknown, b: unknown, at: Span): Value {
  const compares = op === "===" || op === "!==";
  if (!compares && (isObject(a) || isObject(b)) && !(isNull(a) || isNull(b)))
    return undecidedValue(obstacle("conversion", at));
  if (op === "**" && typeof a === "bigint") return undecidedValue(obstacle("tooWide", at));
  if (op === "<<" && typeof a === "bigint" && (b as bigint) > 64n) return undecidedValue(obstacle("tooWide", at));
  try {
    return knownValue(OPERATORS[op](a as never, b as never));
  } catch (error) {
    return undecidedValue({ message: `JavaScript refuses it: ${(error as Error).message}`, at });
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" || typeof value === "function";
}

function isNull(value: unknown): boolean {
  return value === null || value === undefined;
}

/** What `typeof` says. */
function typeName(value: Exclude<Value, { kind: "either" | "undecided" }>): string {
  switch (value.kind) {
    case "known":
      return typeof value.value;
    case "number":
    case "fraction":
      return "number";
    case "bigint":
    case "boolean":
      return value.kind;
    case "text":
    case "choice":
      return "string";
    case "input":
      return "object";
    case "closure":
    case "method":
      return "function";
  }
}
