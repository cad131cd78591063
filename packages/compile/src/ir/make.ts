import type { Comparison, Int, IntOp, Obstacle, Range, Span, Test } from "./types.js";

/** Makes numbers and tests in their simplest form: what is known is decided here. */

export const YES: Test = { kind: "known", value: true };
const NO: Test = { kind: "known", value: false };

export const known = (value: boolean): Test => (value ? YES : NO);

export function constant(value: bigint): Int {
  return { kind: "constant", value, min: value, max: value };
}

/** @param range what the result can be: the caller's promise */
export function binary(op: IntOp, a: Int, b: Int, { min, max }: Range): Int {
  return min === max ? constant(min) : { kind: "binary", op, a, b, min, max };
}

export function compare(op: Comparison, a: Int, b: Int, at: Span): Test {
  const sure = decided(op, a, b);
  return sure === undefined ? { kind: "compare", op, a, b, at } : known(sure);
}

/** The result of a comparison, if the ranges tell. */
function decided(op: Comparison, a: Range, b: Range): boolean | undefined {
  switch (op) {
    case "<":
      return a.max < b.min ? true : a.min >= b.max ? false : undefined;
    case "<=":
      return a.max <= b.min ? true : a.min > b.max ? false : undefined;
    case ">":
      return decided("<", b, a);
    case ">=":
      return decided("<=", b, a);
    case "==":
      if (a.min === a.max && b.min === b.max && a.min === b.min) return true;
      return a.max < b.min || a.min > b.max ? false : undefined;
    case "!=": {
      const same = decided("==", a, b);
      return same === undefined ? undefined : !same;
    }
  }
}

const OPPOSITE = { "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<" } as const;

export function not(test: Test): Test {
  switch (test.kind) {
    case "known":
      return known(!test.value);
    case "not":
      return test.test;
    case "compare":
      return { ...test, op: OPPOSITE[test.op] };
    case "undecided":
      return test;
    default:
      return { kind: "not", test };
  }
}

export function all(...tests: readonly Test[]): Test {
  return several("all", tests);
}

export function any(...tests: readonly Test[]): Test {
  return several("any", tests);
}

function several(kind: "all" | "any", given: readonly Test[]): Test {
  /** The value that decides the whole. */
  const decisive = kind === "any";
  const tests: Test[] = [];
  for (const test of given.flatMap((one) => (one.kind === kind ? one.tests : [one]))) {
    if (test.kind !== "known") tests.push(test);
    else if (test.value === decisive) {
      // What comes before it cannot change the result.
      return known(decisive);
    }
  }
  return tests.length === 0 ? known(!decisive) : tests.length === 1 ? tests[0]! : { kind, tests };
}

/** `yes` if the test is true, else `no`. */
export function choose(test: Test, yes: Test, no: Test): Test {
  if (test.kind === "known") return test.value ? yes : no;
  if (yes.kind === "known") return yes.value ? any(test, no) : all(not(test), no);
  if (no.kind === "known") return no.value ? any(not(test), yes) : all(test, yes);
  return { kind: "if", test, yes, no };
}

export function undecided(obstacle: Obstacle): Test {
  return { kind: "undecided", obstacle };
}
