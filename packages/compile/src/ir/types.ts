/**
 * The language between front and back. It knows neither TypeScript nor BPF: whole numbers, tests of them, and tests of
 * bytes. What it reads is given by places relative to an input, whatever that is: a record, or a hook's arguments.
 */

/** A piece of the source of a function, for messages. */
export interface Span {
  readonly source: string;
  readonly start: number;
  readonly end: number;
}

/** Why a part of a function cannot run in the kernel. */
export interface Obstacle {
  /** The part that cannot: a sentence without its end. */
  readonly message: string;
  /** What to write instead, if there is something. */
  readonly advice?: string | undefined;
  readonly at: Span;
}

/** A number of the input. */
export interface NumberPlace {
  readonly name: string;
  /** Bytes from the start of the input. */
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

/** Bytes of the input. */
export type BytesPlace =
  /** As many as `size`. */
  | { readonly kind: "fixed"; readonly name: string; readonly offset: number; readonly size: number }
  /** At most `size`, until the first NUL. */
  | { readonly kind: "until-nul"; readonly name: string; readonly offset: number; readonly size: number }
  /** Where two numbers of 16 bits at `offset` say: their distance from the input's start, and how many they are. */
  | { readonly kind: "pointed"; readonly name: string; readonly offset: number };

/** The least and the greatest value that a whole number can have. */
export interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

/** A whole number. All are computed in 64 bits, signed; the front proves that no result needs more. */
export type Int = Range &
  (
    | { readonly kind: "constant"; readonly value: bigint }
    /** With `most`, a greater value cannot be decided: the whole test then passes. */
    | { readonly kind: "load"; readonly place: NumberPlace; readonly most?: bigint }
    | { readonly kind: "binary"; readonly op: IntOp; readonly a: Int; readonly b: Int }
  );

/** `div` and `rem` take no negative numbers, and no 0 as the second. `shr` shifts in zeros, `sar` the sign. */
export type IntOp = "add" | "sub" | "mul" | "div" | "rem" | "and" | "or" | "xor" | "shl" | "shr" | "sar";

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** How bytes of the input are compared with known ones. */
export type Match = "equals" | "starts" | "ends" | "includes";

/** Something that is true or false. */
export type Test =
  | { readonly kind: "known"; readonly value: boolean }
  | { readonly kind: "compare"; readonly op: Comparison; readonly a: Int; readonly b: Int; readonly at: Span }
  | {
      readonly kind: "match";
      readonly how: Match;
      readonly place: BytesPlace;
      readonly bytes: Uint8Array;
      readonly at: Span;
    }
  | { readonly kind: "not"; readonly test: Test }
  | { readonly kind: "all" | "any"; readonly tests: readonly Test[] }
  | { readonly kind: "if"; readonly test: Test; readonly yes: Test; readonly no: Test }
  /** Only JavaScript can decide it. */
  | { readonly kind: "undecided"; readonly obstacle: Obstacle };
