import type { BytesPlace, Int, Obstacle, Span, Test } from "../ir/types.js";

/** What an expression of the function is, as far as it is known before the function runs. */
export type Value =
  /** A value of JavaScript: a constant, or one that the function captures. */
  | { readonly kind: "known"; readonly value: unknown }
  /** A number without a fraction. */
  | { readonly kind: "number"; readonly int: Int }
  | { readonly kind: "bigint"; readonly int: Int }
  | Fraction
  | { readonly kind: "boolean"; readonly test: Test }
  /** A text of the input. */
  | { readonly kind: "text"; readonly place: BytesPlace; readonly form: TextForm }
  /** One of some texts, by number; with another number, an empty text. */
  | { readonly kind: "choice"; readonly int: Int; readonly choices: readonly string[] }
  | { readonly kind: "input"; readonly input: InputType }
  /** A function that the compiled function contains. */
  | { readonly kind: "closure"; readonly call: (args: readonly Value[], wanted: Wanted, at: Span) => Value }
  /** A method, with the value that it is called on. */
  | { readonly kind: "method"; readonly of: Value; readonly name: string }
  /** One of two values, in all of so many. */
  | { readonly kind: "either"; readonly test: Test; readonly yes: Value; readonly no: Value; readonly count: number }
  | { readonly kind: "undecided"; readonly obstacle: Obstacle };

/** Whether a result is needed itself, or only whether it is true. */
export type Wanted = "value" | "truth";

/**
 * A number that may have a fraction: what a function of JavaScript gives for a whole number. The function never falls,
 * or never rises, so it can be compared with known numbers by comparing the whole number.
 */
export interface Fraction {
  readonly kind: "fraction";
  readonly int: Int;
  readonly of: (int: number) => number;
  readonly rises: boolean;
  /** Set if it is nothing but a division by this whole number. */
  readonly dividedBy?: bigint;
}

/** How a text's bytes become a JavaScript string. */
export interface TextForm {
  /** The bytes that a string stands for; undefined if no bytes give this string. */
  readonly bytesOf: (text: string) => Uint8Array | undefined;
  /** Whether a part of the string is a part of the bytes. */
  readonly hasParts: boolean;
}

/** What a function's parameter stands for: a record, or what a hook gives. */
export interface InputType {
  /** What messages call it: `opensnoop's event`. */
  readonly name: string;
  /** The names of its members. */
  readonly members: readonly string[];
  /** A member; a text says why the kernel cannot read it; undefined if there is none. */
  member(name: string): Value | string | undefined;
}

export const knownValue = (value: unknown): Value => ({ kind: "known", value });
export const booleanValue = (test: Test): Value =>
  test.kind === "known" ? knownValue(test.value) : { kind: "boolean", test };
export const numberValue = (int: Int): Value =>
  int.min === int.max ? knownValue(Number(int.min)) : { kind: "number", int };
export const bigintValue = (int: Int): Value => (int.min === int.max ? knownValue(int.min) : { kind: "bigint", int });
export const undecidedValue = (obstacle: Obstacle): Value => ({ kind: "undecided", obstacle });

/** One of two values, by a test. */
export function either(test: Test, yes: Value, no: Value): Value {
  if (test.kind === "known") return test.value ? yes : no;
  return { kind: "either", test, yes, no, count: countOf(yes) + countOf(no) };
}

/** How many values a value can be. */
export function countOf(value: Value): number {
  return value.kind === "either" ? value.count : 1;
}
