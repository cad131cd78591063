import { VerifierError } from "@rxbpf/core";

import { type Code, generate } from "./back/generate.js";
import { TooComplex } from "./back/ints.js";
import { verdict } from "./back/verdict.js";
import { type Names, predicateTest } from "./front/evaluate.js";
import type { InputType } from "./front/values.js";
import { decidable } from "./ir/decidable.js";
import { all, YES } from "./ir/make.js";
import type { Obstacle, Span, Test } from "./ir/types.js";
import { TRIAL_START, TrialProgram } from "./program.js";

/** A predicate as far as the kernel can decide it. */
export interface Predicate {
  /** True wherever the predicate is; the same as the predicate, if there are no obstacles. */
  readonly test: Test;
  /** What only JavaScript can decide. */
  readonly obstacles: readonly Obstacle[];
}

/** Reads a function as a predicate of its parameter. @throws Misnamed */
export function readPredicate(fn: Function, input: InputType, names?: Names): Predicate {
  return decidable(predicateTest(fn, input, names));
}

/**
 * As many of a test's parts as the kernel accepts in some instructions, and what is in the way of the others.
 * @param inputSize the bytes of the input
 */
export function compilable(test: Test, instructions: number, inputSize: number): Predicate {
  const taken: Test[] = [];
  const obstacles: Obstacle[] = [];
  for (const part of test.kind === "all" ? test.tests : [test]) {
    const fault = faultOf(all(...taken, part), instructions);
    if (fault === undefined) taken.push(part);
    else obstacles.push({ message: fault, at: spanIn(part) });
  }
  const whole = all(...taken);
  const refusal = whole === YES ? undefined : refusalOf(generate(whole), inputSize);
  return refusal ? { test: YES, obstacles: [...obstacles, refusal] } : { test: whole, obstacles };
}

function faultOf(test: Test, instructions: number): string | undefined {
  try {
    return generate(test).length > instructions
      ? `it does not fit into the ${instructions} instructions that the program has room for`
      : undefined;
  } catch (error) {
    if (error instanceof TooComplex) return error.message;
    throw error;
  }
}

/** Why the verifier refuses code by itself. Whatever else keeps it from loading, the program will meet too. */
function refusalOf(code: Code, inputSize: number): Obstacle | undefined {
  try {
    new TrialProgram(code, inputSize).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof VerifierError)) return undefined;
    const { reason, at = NOWHERE } = verdict(error, (instruction) => code.spanOf(instruction - TRIAL_START));
    return { message: `the kernel's verifier refuses it: ${reason}`, at };
  }
}

const NOWHERE: Span = { source: "the condition", start: 0, end: 13 };

/** A piece of source that a test comes from. */
function spanIn(test: Test): Span {
  switch (test.kind) {
    case "compare":
    case "match":
      return test.at;
    case "not":
    case "if":
      return spanIn(test.test);
    case "all":
    case "any":
      return spanIn(test.tests[0]!);
    default:
      return NOWHERE;
  }
}
