import type { ArrowFunctionExpression, Expression, Function as FunctionNode, MemberExpression } from "oxc-parser";

import { all, any, choose, not, undecided } from "../ir/make.js";
import { sizeOf } from "../ir/size.js";
import type { Span, Test } from "../ir/types.js";
import { assignmentsIn } from "./assignments.js";
import { callKnown, callMethod } from "./calls.js";
import { Captured } from "./captured.js";
import { type Evaluation, Obstructed, obstruct, spanOf } from "./evaluation.js";
import { memberOf } from "./members.js";
import { Misnamed, obstacle } from "./obstacles.js";
import { type BinaryOperator, operate, operateUnary, truth } from "./operators.js";
import { type ParsedFunction, parseFunction, type Unparsed } from "./parse.js";
import { Scope } from "./scope.js";
import { bind, returned } from "./statements.js";
import { Temporaries } from "./temporaries.js";
import { booleanValue, either, type InputType, knownValue, undecidedValue, type Value, type Wanted } from "./values.js";

/** How much of functions is looked at, and how deeply functions may call each other. */
const MOST_STEPS = 20_000;
const DEEPEST = 16;

/** Values of captured variables, by name, where the debugger cannot tell them. */
export type Given = Readonly<Record<string, unknown>>;

/** How names that a function does not declare are found. */
export interface Names {
  readonly given?: Given | undefined;
  /** Whether it can use only its parameter and what every script has: other names are errors. */
  readonly closed?: boolean;
}

/**
 * When a function returns something true, given that its parameter is an input. Parts of it may be undecided: those are
 * for JavaScript. @throws Misnamed
 */
export function predicateTest(fn: Function, input: InputType, names: Names = {}): Test {
  const evaluator = new Evaluator(names);
  const source = Function.prototype.toString.call(fn);
  const at = { source, start: 0, end: source.length };
  try {
    const test = truth(evaluator.callFunction(fn, [{ kind: "input", input }], "truth", at), at);
    return sizeOf(test) > MOST_STEPS ? undecided(obstacle("tooMuch", at)) : test;
  } catch (error) {
    // The stack may be full, too.
    if (evaluator.isExhausted || error instanceof RangeError) return undecided(obstacle("tooMuch", at));
    if (error instanceof Obstructed) return undecided(error.obstacle);
    throw error;
  } finally {
    evaluator.close();
  }
}

class Evaluator implements Evaluation {
  readonly #names: Names;
  readonly #parsed = new Map<Function, ParsedFunction | Unparsed>();
  readonly #captured = new Captured();
  readonly temporaries = new Temporaries();
  #steps = 0;
  #depth = 0;

  constructor(names: Names) {
    this.#names = names;
  }

  close(): void {
    this.#captured.close();
  }

  get isExhausted(): boolean {
    return this.#steps > MOST_STEPS;
  }

  step(at: Span): void {
    if (++this.#steps > MOST_STEPS) obstruct("tooMuch", at);
  }

  test(node: Expression, scope: Scope): Test {
    const at = spanOf(node, scope);
    this.step(at);
    switch (node.type) {
      case "LogicalExpression": {
        if (node.operator === "??") break;
        const left = this.test(node.left, scope);
        const isSure = left.kind === "known" && left.value === (node.operator === "||");
        if (isSure) return left;
        const right = this.temporaries.perhaps(() => this.test(node.right, scope));
        return node.operator === "&&" ? all(left, right) : any(left, right);
      }
      case "UnaryExpression":
        if (node.operator === "!") return not(this.test(node.argument, scope));
        break;
      case "ConditionalExpression": {
        const test = this.test(node.test, scope);
        if (test.kind === "known") return this.test(test.value ? node.consequent : node.alternate, scope);
        const [yes, no] = [node.consequent, node.alternate].map((one) =>
          this.temporaries.perhaps(() => this.test(one, scope)),
        );
        return choose(test, yes!, no!);
      }
      case "CallExpression":
        return truth(
          this.#guarded(at, () => this.#call(node, scope, "truth")),
          at,
        );
      default:
    }
    return truth(this.value(node, scope), at);
  }

  value(node: Expression, scope: Scope): Value {
    const at = spanOf(node, scope);
    this.step(at);
    return this.#guarded(at, () => this.#value(node, scope, at));
  }

  /** An obstacle within an expression leaves only that expression undecided. */
  #guarded(at: Span, evaluate: () => Value): Value {
    try {
      return evaluate();
    } catch (error) {
      if (error instanceof Obstructed && !this.isExhausted) return undecidedValue(error.obstacle);
      throw error;
    }
  }

  #value(node: Expression, scope: Scope, at: Span): Value {
    switch (node.type) {
      case "Literal":
        return knownValue(node.value);
      case "Identifier":
        return this.#variable(node.name, scope, at);
      case "MemberExpression":
        return this.#memberOf(node, scope);
      case "ChainExpression":
        return this.value(node.expression as Expression, scope);
      case "BinaryExpression":
        if (node.operator === "in" || node.operator === "instanceof") break;
        return operate(
          node.operator as BinaryOperator,
          this.value(node.left as Expression, scope),
          this.value(node.right, scope),
          at,
        );
      case "LogicalExpression":
        return this.#logical(node, scope, at);
      case "ConditionalExpression": {
        const test = this.test(node.test, scope);
        if (test.kind === "known") return this.value(test.value ? node.consequent : node.alternate, scope);
        const [yes, no] = [node.consequent, node.alternate].map((one) =>
          this.temporaries.perhaps(() => this.value(one, scope)),
        );
        return either(test, yes!, no!);
      }
      case "UnaryExpression":
        if (node.operator === "!") return booleanValue(not(this.test(node.argument, scope)));
        return operateUnary(node.operator, this.value(node.argument, scope), at);
      case "CallExpression":
        return this.#call(node, scope, "value");
      case "TemplateLiteral": {
        const parts = node.expressions.map((one) => this.value(one, scope));
        if (!parts.every((part) => part.kind === "known" && typeof part.value !== "object"))
          return undecidedValue(obstacle("textBuilt", at));
        const texts = parts.map((part) => String((part as { readonly value: unknown }).value));
        return knownValue(node.quasis.map(({ value }, i) => (value.cooked ?? "") + (texts[i] ?? "")).join(""));
      }
      case "ArrayExpression": {
        const elements = node.elements.map((one) =>
          one && one.type !== "SpreadElement" ? this.value(one, scope) : undefined,
        );
        if (!elements.every((one) => one?.kind === "known")) return undecidedValue(obstacle("created", at));
        return knownValue(elements.map((one) => (one as { readonly value: unknown }).value));
      }
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        return this.closure(node, scope);
      case "SequenceExpression": {
        // `(0, module.fn)(...)` calls a function without `this`.
        const [last, ...before] = node.expressions.toReversed();
        if (before.some(({ type }) => type !== "Literal")) return undecidedValue(obstacle("effectInside", at));
        return this.value(last!, scope);
      }
      case "AssignmentExpression":
        if (node.operator === "=") return this.#assigned(node.left, this.value(node.right, scope), scope, at);
        return this.#assigned(node.left, undecidedValue(obstacle("effectInside", at)), scope, at);
      case "UpdateExpression":
        return this.#assigned(node.argument, undecidedValue(obstacle("effectInside", at)), scope, at);
      case "ThisExpression":
        return undecidedValue(obstacle("thisValue", at));
      case "AwaitExpression":
        return undecidedValue(obstacle("asynchronous", at));
      case "NewExpression":
      case "ObjectExpression":
        return undecidedValue(obstacle("created", at));
      default:
    }
    return undecidedValue(obstacle("expression", at));
  }

  #variable(name: string, scope: Scope, at: Span): Value {
    const variable = scope.get(name);
    if (variable) {
      const { inside, fromWithin } = scope.assignments;
      if (fromWithin.has(name)) return undecidedValue(obstacle("effectInside", at));
      if (!inside.has(name)) return variable.value;
      return this.temporaries.get(variable.declaration) ?? undecidedValue(obstacle("effectInside", at));
    }
    if (name === "undefined") return knownValue(undefined);
    const value = scope.captured(name, at);
    if (value) return value;
    return undecidedValue({ message: `the value of ${name} is not known`, advice: "declare it before", at });
  }

  /** A value that is assigned in the middle of an expression: it is known for the rest of that expression. */
  #assigned(target: { readonly type: string }, value: Value, scope: Scope, at: Span): Value {
    const { name } = target as { readonly name?: string };
    const variable = target.type === "Identifier" ? scope.get(name!) : undefined;
    if (!variable || !scope.assignments.inside.has(name!)) return obstruct("effect", at);
    this.temporaries.set(variable.declaration, value);
    return value;
  }

  /** `&&`, `||` and `??` where their value matters, not only whether it is true. */
  #logical(node: Extract<Expression, { type: "LogicalExpression" }>, scope: Scope, at: Span): Value {
    const left = this.value(node.left, scope);
    if (left.kind === "undecided") return left;
    if (node.operator === "??") {
      // No value of an input is null or undefined.
      const isNothing = left.kind === "known" && (left.value === null || left.value === undefined);
      return isNothing ? this.value(node.right, scope) : left;
    }
    const test = truth(left, at);
    const isSure = test.kind === "known" && test.value === (node.operator === "||");
    const right = isSure ? left : this.temporaries.perhaps(() => this.value(node.right, scope));
    return node.operator === "&&" ? either(test, right, left) : either(test, left, right);
  }

  #memberOf(node: MemberExpression, scope: Scope): Value {
    const of = this.value(node.object as Expression, scope);
    const name = this.#nameOf(node, scope);
    if (name === undefined) return undecidedValue(obstacle("dynamicMember", spanOf(node, scope)));
    return memberOf(of, name, spanOf(node, scope));
  }

  #nameOf(node: MemberExpression, scope: Scope): string | undefined {
    if (node.type !== "MemberExpression" || node.property.type === "PrivateIdentifier") return undefined;
    if (!node.computed) return (node.property as { readonly name: string }).name;
    const key = this.value(node.property as Expression, scope);
    return key.kind === "known" && ["string", "number"].includes(typeof key.value) ? String(key.value) : undefined;
  }

  #call(node: Extract<Expression, { type: "CallExpression" }>, scope: Scope, wanted: Wanted): Value {
    const at = spanOf(node, scope);
    const { callee } = node;
    if (callee.type !== "MemberExpression")
      return this.#apply(this.value(callee, scope), undefined, this.#arguments(node, scope), wanted, at);
    const of = this.value(callee.object as Expression, scope);
    const name = this.#nameOf(callee, scope);
    const args = this.#arguments(node, scope);
    if (of.kind === "undecided") return of;
    if (name === undefined) return undecidedValue(obstacle("dynamicMember", at));
    if (of.kind !== "known" && of.kind !== "input") return callMethod(of, name, args, at);
    const fn = memberOf(of, name, at);
    return this.#apply(fn, of.kind === "known" ? of.value : undefined, args, wanted, at);
  }

  #arguments(node: Extract<Expression, { type: "CallExpression" }>, scope: Scope): Value[] {
    return node.arguments.map((arg) =>
      arg.type === "SpreadElement"
        ? undecidedValue(obstacle("expression", spanOf(arg, scope)))
        : this.value(arg, scope),
    );
  }

  #apply(fn: Value, self: unknown, args: readonly Value[], wanted: Wanted, at: Span): Value {
    if (fn.kind === "undecided") return fn;
    if (fn.kind === "closure") return fn.call(args, wanted, at);
    if (fn.kind === "known") return callKnown(this, fn.value, self, args, wanted, at);
    return undecidedValue(obstacle("notCallable", at));
  }

  callFunction(fn: Function, args: readonly Value[], wanted: Wanted, at: Span): Value {
    const parsed = this.#parsed.get(fn) ?? parseFunction(fn);
    this.#parsed.set(fn, parsed);
    if (typeof parsed === "string") return undecidedValue(obstacle(parsed, at));
    const scope = new Scope({ ...parsed, assignments: assignmentsIn(parsed.node) }, (name, place) =>
      this.#capturedBy(fn, name, place),
    );
    return this.#run(parsed.node, args, scope, wanted, at);
  }

  closure(node: ArrowFunctionExpression | FunctionNode, scope: Scope): Value {
    const closed = scope.closed(obstacle("effectInside", spanOf(node, scope)));
    const call = (args: readonly Value[], wanted: Wanted, at: Span): Value =>
      node.async || node.generator
        ? undecidedValue(obstacle("asynchronous", at))
        : this.#run(node, args, closed, wanted, at);
    return { kind: "closure", call };
  }

  #run(
    node: ArrowFunctionExpression | FunctionNode,
    args: readonly Value[],
    outer: Scope,
    wanted: Wanted,
    at: Span,
  ): Value {
    if (this.#depth >= DEEPEST) return obstruct("recursion", at);
    this.#depth++;
    try {
      const scope = node.params.reduce((before, parameter, index) => {
        if (parameter.type === "RestElement" || parameter.type === "TSParameterProperty")
          return obstruct("expression", spanOf(parameter, before));
        return bind(this, parameter, args[index] ?? knownValue(undefined), before);
      }, outer);
      const { body } = node;
      if (!body) return obstruct("expression", at);
      if (body.type === "BlockStatement") return returned(this, body.body, scope, wanted);
      return wanted === "truth" ? booleanValue(this.test(body, scope)) : this.value(body, scope);
    } finally {
      this.#depth--;
    }
  }

  #capturedBy(fn: Function, name: string, at: Span): Value | undefined {
    const { given, closed } = this.#names;
    if (given && Object.hasOwn(given, name)) return knownValue(given[name]);
    let found: ReturnType<Captured["find"]>;
    try {
      found = this.#captured.find(fn, name);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === "ERR_ACCESS_DENIED" ? "Node's --permission hides what a function captures" : message;
      return undecidedValue({ message: why, advice: `give it too: where(fn, { ${name} })`, at });
    }
    if (!found && closed) throw new Misnamed(`there is no ${name}; the event is e`, at);
    return found && knownValue(found.value);
  }
}
