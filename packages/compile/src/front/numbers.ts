import { binary, compare, constant, known } from "../ir/make.js";
import type { Comparison, Int, Obstacle, Range, Span, Test } from "../ir/types.js";
import { obstacle } from "./obstacles.js";
import { bigintValue, either, type Fraction, knownValue, numberValue, undecidedValue, type Value } from "./values.js";

/** Numbers as JavaScript has them, in whole numbers of 64 bits. Where the two would differ, there is an obstacle. */

/** The whole numbers that JavaScript's numbers hold exactly, and those of 64 bits. */
const SAFE: Range = range(-(2n ** 53n - 1n), 2n ** 53n - 1n);
const WIDE: Range = range(-(2n ** 63n), 2n ** 63n - 1n);
const INT32: Range = range(-(2n ** 31n), 2n ** 31n - 1n);
const UINT32: Range = range(0n, 2n ** 32n - 1n);

const ZERO = constant(0n);

/** A number, one with a fraction, or a known one. */
export type Numeric =
  | Extract<Value, { kind: "number" | "fraction" }>
  | { readonly kind: "known"; readonly value: number };
/** A bigint, or a known one. */
export type Big = Extract<Value, { kind: "bigint" }> | { readonly kind: "known"; readonly value: bigint };

export function isNumeric(value: Value): value is Numeric {
  return (
    value.kind === "number" || value.kind === "fraction" || (value.kind === "known" && typeof value.value === "number")
  );
}

export function isBig(value: Value): value is Big {
  return value.kind === "bigint" || (value.kind === "known" && typeof value.value === "bigint");
}

export type Arithmetic = "+" | "-" | "*" | "/" | "%";
export type Bitwise = "&" | "|" | "^" | "<<" | ">>" | ">>>";

/** The result of an operation on numbers, at least one of which is not known. */
export function arithmetic(op: Arithmetic, a: Numeric, b: Numeric, at: Span): Value {
  const [x, y] = [intOf(a), intOf(b)];
  if (op === "%") return x && y ? remainder(x, y, numberValue, at) : undecidedValue(obstacle("fraction", at));
  if (op !== "/" && x && y) {
    const exact = whole(op, x, y, SAFE);
    if (exact) return numberValue(exact);
  }
  const result =
    b.kind === "known" ? scaled(op, a, b.value) : a.kind === "known" ? scaledFrom(op, a.value, b) : undefined;
  return result ?? undecidedValue(obstacle(op === "/" || !x || !y ? "fraction" : "tooLarge", at));
}

/** The same for bigints, which have no fractions. */
export function bigArithmetic(op: Arithmetic, a: Big, b: Big, at: Span): Value {
  const [x, y] = [bigOf(a), bigOf(b)];
  if (!within(x, WIDE) || !within(y, WIDE)) return undecidedValue(obstacle("tooWide", at));
  if (op === "%") return remainder(x, y, bigintValue, at);
  if (op === "/")
    return y.min === y.max && y.min > 0n
      ? truncated(x, y.min, bigintValue, at)
      : undecidedValue(obstacle("divisor", at));
  const result = whole(op, x, y, WIDE);
  return result ? bigintValue(result) : undecidedValue(obstacle("tooWide", at));
}

/** JavaScript's operations on the 32 bits of numbers. */
export function bitwise(op: Bitwise, a: Numeric, b: Numeric, at: Span): Value {
  const [x, y] = [bitsOf(a), bitsOf(b)];
  if (op === "&" && (isMask(x) || isMask(y))) {
    // Only the low bits count, and these are the same in 32 and in 64 bits.
    const [mask, other] = isMask(y) ? [y, a] : [x, b];
    if (mask && other.kind === "number") return numberValue(bits("&", other.int, mask));
  }
  if (!x || !y) return undecidedValue(obstacle("fraction", at));
  switch (op) {
    case "&":
    case "|":
    case "^":
      return numberValue(bits(op, x, y));
    default: {
      const by = bits("&", y, constant(31n));
      if (op === "<<") return numberValue(int32(binary("shl", x, by, WIDE)));
      if (op === ">>") return numberValue(binary("sar", x, by, x.min >= 0n ? range(0n, x.max) : INT32));
      const unsigned = uint32(x);
      return numberValue(binary("shr", unsigned, by, range(0n, unsigned.max)));
    }
  }
}

function isMask(int: Int | undefined): boolean {
  return int?.kind === "constant" && int.value >= 0n;
}

/** The same operations on bigints, which have all bits. */
export function bigBitwise(op: Bitwise, a: Big, b: Big, at: Span): Value {
  const [x, y] = [bigOf(a), bigOf(b)];
  if (!within(x, WIDE) || !within(y, WIDE)) return undecidedValue(obstacle("tooWide", at));
  if (op === "&" || op === "|" || op === "^") return bigintValue(bits(op, x, y, WIDE));
  if (op === ">>" && y.min >= 0n && y.max < 64n)
    return bigintValue(binary("sar", x, y, x.min >= 0n ? range(0n, x.max) : WIDE));
  if (op === "<<" && y.min === y.max && y.min >= 0n && y.min < 63n) {
    const shifted = range(x.min << y.min, x.max << y.min);
    if (within(shifted, WIDE)) return bigintValue(binary("shl", x, y, shifted));
  }
  return undecidedValue(obstacle("tooWide", at));
}

/** Rounds a number to a whole one. */
export function rounded(how: "trunc" | "floor" | "ceil" | "round", value: Numeric, at: Span): Value {
  if (value.kind !== "fraction") return value;
  const { int, dividedBy, of } = value;
  if (dividedBy !== undefined && how !== "round") {
    // The quotient of two safe integers is never rounded to a whole number that it does not reach.
    if (how === "trunc") return truncated(int, dividedBy, numberValue, at);
    const up = dividedBy - 1n;
    const toward = (one: Int): Int => quotient(one, dividedBy);
    const away = (one: Int): Int =>
      quotient(binary("add", one, constant(up), range(one.min + up, one.max + up)), dividedBy);
    return bySign(int, how === "floor" ? toward : away, how === "floor" ? away : toward, numberValue, at);
  }
  return { kind: "fraction", int, rises: value.rises, of: (n) => Math[how](of(n)) };
}

export function negated(value: Numeric, at: Span): Value {
  return arithmetic("-", { kind: "known", value: 0 }, value, at);
}

/** Compares two numbers, at least one of which is not known. */
export function compareNumbers(op: Comparison, a: Numeric, b: Numeric, at: Span): Test | Obstacle {
  if (a.kind === "known") return b.kind === "known" ? known(false) : compareNumbers(SWAPPED[op], b, a, at);
  if (b.kind === "known") return compareWith(op, a, b.value, at);
  if (a.kind === "number" && b.kind === "number") return compare(op, a.int, b.int, at);
  return obstacle("fraction", at);
}

export function compareBig(op: Comparison, a: Big, b: Big, at: Span): Test {
  return compare(op, bigOf(a), bigOf(b), at);
}

const SWAPPED = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/**
 * Compares with a known number, which may have a fraction or be infinite. What JavaScript's own arithmetic says decides:
 * as it never falls, or never rises, there is one whole number from which on the comparison has another result.
 */
function compareWith(
  op: Comparison,
  value: Extract<Numeric, { kind: "number" | "fraction" }>,
  to: number,
  at: Span,
): Test {
  const { int } = value;
  const of = value.kind === "fraction" ? value.of : (n: number) => n;
  const rises = value.kind === "fraction" ? value.rises : true;
  if (Number.isNaN(to)) return known(op === "!=");
  /** Whether the number is on the upper side of a boundary; `holds` is true there, and false below. */
  const from = (holds: (n: number) => boolean): Test => {
    const first = firstWhere(int, rises ? holds : (n) => !holds(n));
    return compare(rises ? ">=" : "<", int, constant(first), at);
  };
  switch (op) {
    case ">=":
      return from((n) => of(n) >= to);
    case ">":
      return from((n) => of(n) > to);
    case "<":
      return negate(from((n) => of(n) >= to));
    case "<=":
      return negate(from((n) => of(n) > to));
    case "==":
    case "!=": {
      if (value.kind === "number")
        return Number.isSafeInteger(to) ? compare(op, int, constant(BigInt(to)), at) : known(op === "!=");
      const [low, high] = [from((n) => of(n) >= to), negate(from((n) => of(n) > to))];
      const same: Test =
        low.kind === "known"
          ? low.value
            ? high
            : low
          : high.kind === "known"
            ? high.value
              ? low
              : high
            : { kind: "all", tests: [low, high] };
      return op === "==" ? same : negate(same);
    }
  }
}

function negate(test: Test): Test {
  if (test.kind === "known") return known(!test.value);
  if (test.kind === "compare")
    return compare(test.op === "<" ? ">=" : test.op === ">=" ? "<" : test.op, test.a, test.b, test.at);
  return { kind: "not", test };
}

/** The least whole number of a range for which something holds, as it does for all greater ones; else the one after the range. */
function firstWhere({ min, max }: Range, holds: (n: number) => boolean): bigint {
  let [low, high] = [min, max + 1n];
  while (low < high) {
    const middle = low + (high - low) / 2n;
    if (holds(Number(middle))) high = middle;
    else low = middle + 1n;
  }
  return low;
}

/** `+`, `-` or `*`, if no result leaves the limits. */
function whole(op: "+" | "-" | "*", a: Int, b: Int, limits: Range): Int | undefined {
  const ends = [a.min, a.max].flatMap((x) =>
    [b.min, b.max].map((y) => (op === "+" ? x + y : op === "-" ? x - y : x * y)),
  );
  const result = hull(ends);
  return within(result, limits) ? binary(op === "+" ? "add" : op === "-" ? "sub" : "mul", a, b, result) : undefined;
}

/** A number with a known one added to it, or multiplied. */
function scaled(op: Exclude<Arithmetic, "%">, a: Numeric, by: number): Value | undefined {
  if (a.kind === "known" || !Number.isFinite(by)) return undefined;
  const { int, of, rises } = a.kind === "fraction" ? a : { int: a.int, of: (n: number) => n, rises: true };
  switch (op) {
    case "+":
      return { kind: "fraction", int, of: (n) => of(n) + by, rises };
    case "-":
      return { kind: "fraction", int, of: (n) => of(n) - by, rises };
    case "*":
      return by === 0 ? knownValue(0) : { kind: "fraction", int, of: (n) => of(n) * by, rises: rises === by > 0 };
    case "/": {
      if (by === 0) return undefined;
      const result: Fraction = { kind: "fraction", int, of: (n) => of(n) / by, rises: rises === by > 0 };
      const isWhole = a.kind === "number" && Number.isSafeInteger(by) && by > 0;
      return isWhole ? { ...result, dividedBy: BigInt(by) } : result;
    }
  }
}

/** A known number, with another added or multiplied. */
function scaledFrom(op: Exclude<Arithmetic, "%">, from: number, b: Numeric): Value | undefined {
  if (op === "+" || op === "*") return scaled(op, b, from);
  if (op === "/" || b.kind === "known" || !Number.isFinite(from)) return undefined;
  const { int, of, rises } = b.kind === "fraction" ? b : { int: b.int, of: (n: number) => n, rises: true };
  return { kind: "fraction", int, of: (n) => from - of(n), rises: !rises };
}

type Made = (int: Int) => Value;

/** JavaScript's remainder, which has the sign of the first number. */
function remainder(a: Int, b: Int, made: Made, at: Span): Value {
  const by = b.min === b.max && b.min < 0n ? constant(-b.min) : b;
  if (by.min <= 0n) return undecidedValue(obstacle("divisor", at));
  const rest = (one: Int): Int => binary("rem", one, by, range(0n, one.max < by.max ? one.max : by.max - 1n));
  return bySign(a, rest, rest, made, at);
}

/** A quotient without its fraction. */
function truncated(a: Int, by: bigint, made: Made, at: Span): Value {
  const toward = (one: Int): Int => quotient(one, by);
  return bySign(a, toward, toward, made, at);
}

/** The quotient of a number that is not negative. */
function quotient(a: Int, by: bigint): Int {
  return by === 1n ? a : binary("div", a, constant(by), range(a.min / by, a.max / by));
}

/** Computes with numbers that are not negative: negative ones as `-ofNegative(-number)`. */
function bySign(a: Int, ofPositive: (a: Int) => Int, ofNegative: (a: Int) => Int, made: Made, at: Span): Value {
  const positive = (): Value => made(ofPositive(a.min >= 0n ? a : { ...a, min: 0n }));
  if (a.min >= 0n) return positive();
  const opposite = binary("sub", ZERO, a, range(a.max < 0n ? -a.max : 0n, -a.min));
  const result = ofNegative(opposite);
  const negative = made(binary("sub", ZERO, result, range(-result.max, -result.min)));
  return either(compare("<", a, ZERO, at), negative, a.max < 0n ? negative : positive());
}

/** `&`, `|` or `^` of two numbers of the same width. */
function bits(op: "&" | "|" | "^", a: Int, b: Int, limits: Range = INT32): Int {
  const name = op === "&" ? "and" : op === "|" ? "or" : "xor";
  const positive = [a, b].filter(({ min }) => min >= 0n).map(({ max }) => max);
  if (op === "&" && positive.length > 0)
    return binary(
      name,
      a,
      b,
      range(
        0n,
        positive.reduce((x, y) => (x < y ? x : y)),
      ),
    );
  if (positive.length < 2) return binary(name, a, b, limits);
  const most = a.max > b.max ? a.max : b.max;
  return binary(name, a, b, range(0n, 2n ** BigInt(most.toString(2).length) - 1n));
}

/** A number as JavaScript's operations on bits see it; undefined for a fraction that is not simply cut off. */
function bitsOf(value: Numeric): Int | undefined {
  if (value.kind === "known") return constant(BigInt(value.value | 0));
  if (value.kind === "number") return int32(value.int);
  const { int, dividedBy } = value;
  return dividedBy !== undefined && int.min >= 0n ? int32(quotient(int, dividedBy)) : undefined;
}

function int32(int: Int): Int {
  const by = constant(32n);
  return within(int, INT32) ? int : binary("sar", binary("shl", int, by, WIDE), by, INT32);
}

function uint32(int: Int): Int {
  const by = constant(32n);
  return within(int, UINT32) ? int : binary("shr", binary("shl", int, by, WIDE), by, UINT32);
}

function intOf(value: Numeric): Int | undefined {
  if (value.kind === "number") return value.int;
  return value.kind === "known" && Number.isSafeInteger(value.value) ? constant(BigInt(value.value)) : undefined;
}

function bigOf(value: Big): Int {
  return value.kind === "known" ? constant(value.value) : value.int;
}

function range(min: bigint, max: bigint): Range {
  return { min, max };
}

function hull(ends: readonly bigint[]): Range {
  return range(
    ends.reduce((a, b) => (a < b ? a : b)),
    ends.reduce((a, b) => (a > b ? a : b)),
  );
}

function within({ min, max }: Range, limits: Range): boolean {
  return min >= limits.min && max <= limits.max;
}
