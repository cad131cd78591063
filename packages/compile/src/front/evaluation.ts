import type { ArrowFunctionExpression, Expression, Function as FunctionNode } from "oxc-parser";

import type { Obstacle, Span, Test } from "../ir/types.js";
import { obstacle, type ObstacleName } from "./obstacles.js";
import type { Scope } from "./scope.js";
import type { Temporaries } from "./temporaries.js";
import type { Value, Wanted } from "./values.js";

/** The evaluation of one function, for its parts: expressions, statements and calls know each other only by this. */
export interface Evaluation {
  value(node: Expression, scope: Scope): Value;
  /** Whether an expression is true, as a condition. */
  test(node: Expression, scope: Scope): Test;
  /** Calls a function of the script. */
  callFunction(fn: Function, args: readonly Value[], wanted: Wanted, at: Span): Value;
  readonly temporaries: Temporaries;
  /** The value of a function within the function. */
  closure(node: ArrowFunctionExpression | FunctionNode, scope: Scope): Value;
  /** Counts a step. @throws Obstructed after too many */
  step(at: Span): void;
}

/** Ends the evaluation of a function: only JavaScript can run it. */
export class Obstructed extends Error {
  readonly obstacle: Obstacle;

  constructor(why: Obstacle) {
    super(why.message);
    this.obstacle = why;
  }
}

export function spanOf(
  { start, end }: { readonly start: number; readonly end: number },
  { source, shift }: Scope,
): Span {
  return { source, start: start - shift, end: end - shift };
}

export function obstruct(name: ObstacleName, at: Span): never {
  throw new Obstructed(obstacle(name, at));
}
