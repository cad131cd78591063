import { all, any } from "../ir/make.js";
import type { Span, Test } from "../ir/types.js";
import { type Evaluation, obstruct } from "./evaluation.js";
import { isNumeric, negated, type Numeric, rounded } from "./numbers.js";
import { obstacle } from "./obstacles.js";
import { operate, orUndecided, truth } from "./operators.js";
import { MATCHES, matchText, testChoice } from "./texts.js";
import { bigintValue, booleanValue, either, knownValue, undecidedValue, type Value, type Wanted } from "./values.js";

/** Calls of functions and methods that are not the script's own: found by their identity, whatever the script calls them. */

/** The most values of a captured array, Set or Map that are compared. */
const MOST_VALUES = 256;

/** Calls a method of a value of the input. */
export function callMethod(of: Value, name: string, args: readonly Value[], at: Span): Value {
  if (of.kind === "undecided") return of;
  if (of.kind === "either")
    return either(of.test, callMethod(of.yes, name, args, at), callMethod(of.no, name, args, at));
  const how = MATCHES[name];
  const [wanted, ...rest] = args;
  if (wanted?.kind === "either" && how)
    return either(
      wanted.test,
      callMethod(of, name, [wanted.yes, ...rest], at),
      callMethod(of, name, [wanted.no, ...rest], at),
    );
  if ((of.kind === "text" || of.kind === "choice") && how) {
    if (wanted?.kind === "undecided") return wanted;
    if (wanted?.kind !== "known" || typeof wanted.value !== "string" || rest.length > 0)
      return undecidedValue(obstacle("twoTexts", at));
    const text = wanted.value;
    const match = name as "startsWith" | "endsWith" | "includes";
    if (of.kind === "choice") return booleanValue(testChoice(of, (one) => one[match](text), at));
    return booleanValue(orUndecided(matchText(of, how, text, at)));
  }
  const isText = of.kind === "text" || of.kind === "choice";
  return undecidedValue(
    obstacle(isText ? (name === "match" || name === "search" ? "regExp" : "textMethod") : "native", at),
  );
}

/** Calls a known function. `self` is what it is called on, as a method. */
export function callKnown(
  evaluation: Evaluation,
  fn: unknown,
  self: unknown,
  args: readonly Value[],
  wanted: Wanted,
  at: Span,
): Value {
  if (typeof fn !== "function") return undecidedValue(obstacle("notCallable", at));
  const undecidedOne = args.find(({ kind }) => kind === "undecided");
  const own = BUILT_IN.get(fn);
  if (PURE.has(fn) && args.every(({ kind }) => kind === "known")) return compute(fn, self, args, at);
  if (own) {
    if (undecidedOne && !TAKES_FUNCTIONS.has(fn)) return undecidedOne;
    const [first] = args;
    if (first?.kind === "either")
      return either(
        first.test,
        callKnown(evaluation, fn, self, [first.yes, ...args.slice(1)], wanted, at),
        callKnown(evaluation, fn, self, [first.no, ...args.slice(1)], wanted, at),
      );
    return own({ evaluation, self, args, at });
  }
  if (undecidedOne && isNative(fn)) return undecidedOne;
  return evaluation.callFunction(fn, args, wanted, at);
}

function isNative(fn: Function): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}

interface Call {
  readonly evaluation: Evaluation;
  readonly self: unknown;
  readonly args: readonly Value[];
  readonly at: Span;
}

/** A method of a class, to be compared with. */
function method({ prototype }: { readonly prototype: unknown }, name: string): Function {
  return (prototype as Record<string, Function>)[name]!;
}

/** Functions of JavaScript that the kernel can compute. */
const BUILT_IN: ReadonlyMap<Function, (call: Call) => Value> = new Map<Function, (call: Call) => Value>([
  [Math.trunc, rounding("trunc")],
  [Math.floor, rounding("floor")],
  [Math.ceil, rounding("ceil")],
  [Math.round, rounding("round")],
  [
    Math.abs,
    ofNumber((value, at) => either(truth(operate("<", value, knownValue(0), at), at), negated(value, at), value)),
  ],
  [Math.min, ofNumbers("<")],
  [Math.max, ofNumbers(">")],
  [Number, ofNumber((value) => value)],
  [
    BigInt,
    ofNumber((value, at) =>
      value.kind === "number" ? bigintValue(value.int) : undecidedValue(obstacle("fraction", at)),
    ),
  ],
  [Boolean, ({ args: [value = knownValue(undefined)], at }) => booleanValue(truth(value, at))],
  [
    String,
    ({ args: [value], at }) =>
      value?.kind === "text" || value?.kind === "choice" ? value : undecidedValue(obstacle("textBuilt", at)),
  ],
  [method(Array, "includes"), ({ self, args, at }) => isOneOf(Array.isArray(self) ? self : undefined, args, at)],
  [method(Set, "has"), ({ self, args, at }) => isOneOf(self instanceof Set ? self : undefined, args, at)],
  [method(Map, "has"), ({ self, args, at }) => isOneOf(self instanceof Map ? self.keys() : undefined, args, at)],
  [method(Array, "some"), (call) => booleanValue(any(...eachTest(call)))],
  [method(Array, "every"), (call) => booleanValue(all(...eachTest(call)))],
  [method(RegExp, "test"), ({ at }) => undecidedValue(obstacle("regExp", at))],
  [method(RegExp, "exec"), ({ at }) => undecidedValue(obstacle("regExp", at))],
]);

const TAKES_FUNCTIONS: ReadonlySet<Function> = new Set([method(Array, "some"), method(Array, "every")]);

function rounding(how: "trunc" | "floor" | "ceil" | "round"): (call: Call) => Value {
  return ofNumber((value, at) => rounded(how, value, at));
}

function ofNumber(compute: (value: Numeric, at: Span) => Value): (call: Call) => Value {
  return ({ args: [value], at }) =>
    value && isNumeric(value) ? compute(value, at) : undecidedValue(obstacle("conversion", at));
}

/** The least or the greatest of some numbers. */
function ofNumbers(op: "<" | ">"): (call: Call) => Value {
  return ({ args, at }) => {
    if (args.some((arg) => arg.kind === "known" && Number.isNaN(arg.value))) return knownValue(NaN);
    if (args.length === 0 || !args.every((arg) => isNumeric(arg) || arg.kind === "either"))
      return undecidedValue(obstacle("conversion", at));
    return (args as Value[]).reduce((a, b) => either(truth(operate(op, a, b, at), at), a, b));
  };
}

/** Whether a value is one of a collection of known values. */
function isOneOf(values: Iterable<unknown> | undefined, [wanted, ...rest]: readonly Value[], at: Span): Value {
  if (!values || !wanted || rest.length > 0) return undecidedValue(obstacle("native", at));
  const list = [...values];
  if (list.length > MOST_VALUES) return undecidedValue(obstacle("tooMany", at));
  return booleanValue(any(...list.map((one) => isSame(wanted, one, at))));
}

/** Whether a value is a known one. Values of other types are not: a collection may hold several types. */
function isSame(value: Value, one: unknown, at: Span): Test {
  const types: Readonly<Record<string, string>> = {
    number: "number",
    fraction: "number",
    bigint: "bigint",
    boolean: "boolean",
    text: "string",
    choice: "string",
  };
  if (types[value.kind] !== undefined && types[value.kind] !== typeof one) return { kind: "known", value: false };
  return truth(operate("===", value, knownValue(one), at), at);
}

/** The results of a function for each value of a known array. */
function eachTest({ evaluation, self, args, at }: Call): Test[] {
  const [fn] = args;
  if (!Array.isArray(self) || !fn) obstruct("native", at);
  if (self.length > MOST_VALUES) obstruct("tooMany", at);
  return self.map((value: unknown, index) => {
    const given = [knownValue(value), knownValue(index), knownValue(self)];
    const known = fn.kind === "known" ? fn.value : undefined;
    const call = (): Value =>
      fn.kind === "closure" ? fn.call(given, "truth", at) : callKnown(evaluation, known, undefined, given, "truth", at);
    return truth(evaluation.temporaries.perhaps(call), at);
  });
}

/** Functions of JavaScript whose result depends on nothing but their arguments, and that change nothing. */
const PURE: ReadonlySet<unknown> = new Set<unknown>([
  ...functionsOf(Math).filter((fn) => fn !== Math.random),
  ...functionsOf(String.prototype),
  ...functionsOf(Number.prototype),
  ...functionsOf(BigInt.prototype),
  ...functionsOf(Number),
  ...["at", "concat", "includes", "indexOf", "join", "lastIndexOf", "slice"].map(
    (name) => Array.prototype[name as "at"],
  ),
  method(Set, "has"),
  method(Map, "has"),
  method(Map, "get"),
  Array.isArray,
  Number,
  String,
  Boolean,
  BigInt,
  parseInt,
  parseFloat,
  isNaN,
  isFinite,
]);

function functionsOf(owner: object): unknown[] {
  return Object.getOwnPropertyNames(owner)
    .filter((name) => name !== "constructor")
    .map((name) => (owner as Record<string, unknown>)[name])
    .filter((value) => typeof value === "function");
}

function compute(fn: Function, self: unknown, args: readonly Value[], at: Span): Value {
  const values = args.map((arg) => (arg as { readonly value: unknown }).value);
  // An object's own methods could run, and a large result be built.
  if (
    values.some((value) => typeof value === "function" || (typeof value === "object" && value !== null)) ||
    fn === method(String, "repeat") ||
    fn === method(String, "padEnd") ||
    fn === method(String, "padStart")
  )
    return undecidedValue(obstacle("native", at));
  try {
    return knownValue(Reflect.apply(fn, self, values));
  } catch (error) {
    return undecidedValue({ message: `JavaScript refuses it: ${(error as Error).message}`, at });
  }
}
