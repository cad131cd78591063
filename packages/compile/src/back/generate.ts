import { Assembler, fits, type JumpOp, Label } from "./assembler.js";
import { branchOnMatch } from "./bytes.js";
import { computeInt, FREE, INPUT } from "./ints.js";
import type { Comparison, Span, Test } from "../ir/types.js";

/** A compiled function. It returns 1 if the test is true, else 0. */
export interface Code {
  readonly bytes: Uint8Array;
  /** The number of its instructions, without those that only fill it up. */
  readonly length: number;
  /** The piece of source that an instruction is for. */
  readonly spanOf: (instruction: number) => Span | undefined;
}

/**
 * Compiles a test to a function of BPF, whose argument is the input's address.
 * @param instructions how many the function has at least: it is filled up
 * @throws TooComplex
 */
export function generate(test: Test, instructions: number = 0): Code {
  const code = new Assembler();
  const [keep, filling] = [new Label(), new Label()];
  code.register("mov", INPUT, 1);
  // The verifier wants to be led to every instruction, but does not go where constants forbid it.
  code.constant("mov", 0, 0n);
  code.jumpIfConstant("!=", 0, 0n, filling);
  if (test.kind !== "known") branch(code, test, keep, true, keep);
  if (test.kind !== "known" || !test.value) {
    code.constant("mov", 0, 0n);
    code.exit();
  }
  code.bind(filling);
  const length = code.length + ENDING;
  for (let i = length; i < instructions; i++) code.nothing();
  code.bind(keep);
  code.constant("mov", 0, 1n);
  code.exit();
  return { bytes: code.bytes(), length, spanOf: (instruction) => code.spanOf(instruction) };
}

/** The instructions at the end of every function. */
const ENDING = 2;

/** Jumps to `target` if the test is `when`; otherwise goes on. */
function branch(code: Assembler, test: Test, target: Label, when: boolean, doubtful: Label): void {
  switch (test.kind) {
    case "compare": {
      code.span = test.at;
      const [a, b] = test.a.kind === "constant" ? [test.b, test.a] : [test.a, test.b];
      const op = JUMP[when ? "true" : "false"][test.a.kind === "constant" ? SWAPPED[test.op] : test.op];
      const left = computeInt(code, a, FREE, doubtful);
      if (b.kind === "constant" && fits(b.value)) return code.jumpIfConstant(op, left, b.value, target);
      const right = computeInt(code, b, FREE.slice(1), doubtful);
      return code.jumpIf(op, left, right, target);
    }
    case "match":
      code.span = test.at;
      return branchOnMatch(code, test, target, when);
    case "not":
      return branch(code, test.test, target, !when, doubtful);
    case "all":
    case "any": {
      /** The result of one that decides the whole. */
      const decisive = test.kind === "any";
      if (when === decisive) return test.tests.forEach((one) => branch(code, one, target, when, doubtful));
      const end = new Label();
      test.tests.forEach((one, index) => {
        const isLast = index === test.tests.length - 1;
        branch(code, one, isLast ? target : end, isLast ? when : decisive, doubtful);
      });
      return code.bind(end);
    }
    case "if": {
      const [otherwise, end] = [new Label(), new Label()];
      branch(code, test.test, otherwise, false, doubtful);
      branch(code, test.yes, target, when, doubtful);
      code.jump(end);
      code.bind(otherwise);
      branch(code, test.no, target, when, doubtful);
      return code.bind(end);
    }
    case "known":
    case "undecided":
      throw new Error(`Cannot compile a test that is ${test.kind}`);
  }
}

const SWAPPED = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

const JUMP: Readonly<Record<"true" | "false", Readonly<Record<Comparison, JumpOp>>>> = {
  true: { "==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=" },
  false: { "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<" },
};
