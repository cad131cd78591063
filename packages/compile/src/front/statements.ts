import type { BindingPattern, Directive, Expression, Statement, VariableDeclaration } from "oxc-parser";

import type { Test } from "../ir/types.js";
import { type Evaluation, obstruct, spanOf } from "./evaluation.js";
import { memberOf } from "./members.js";
import { type BinaryOperator, operate, truth } from "./operators.js";
import type { Scope } from "./scope.js";
import { booleanValue, either, knownValue, type Value, type Wanted } from "./values.js";

/** How statements end: each way through them apart. */
type Outcome =
  | { readonly kind: "next"; readonly scope: Scope }
  | { readonly kind: "return"; readonly value: Value }
  | { readonly kind: "break" | "continue"; readonly scope: Scope }
  | { readonly kind: "fork"; readonly test: Test; readonly yes: Outcome; readonly no: Outcome };

type Node = Statement | Directive;

/** What a function's body returns. */
export function returned(evaluation: Evaluation, body: readonly Node[], scope: Scope, wanted: Wanted): Value {
  return resultOf(new Statements(evaluation, wanted).all(body, scope));
}

function resultOf(outcome: Outcome): Value {
  switch (outcome.kind) {
    case "return":
      return outcome.value;
    case "fork":
      return either(outcome.test, resultOf(outcome.yes), resultOf(outcome.no));
    default:
      return knownValue(undefined);
  }
}

/** Runs statements for all ways through them at once. */
class Statements {
  readonly #evaluation: Evaluation;
  readonly #wanted: Wanted;

  constructor(evaluation: Evaluation, wanted: Wanted) {
    this.#evaluation = evaluation;
    this.#wanted = wanted;
  }

  all([first, ...rest]: readonly Node[], scope: Scope): Outcome {
    if (!first) return { kind: "next", scope };
    const outcome = this.#evaluation.temporaries.apart(() => this.#one(first, scope));
    return then(outcome, (next) => this.all(rest, next));
  }

  #one(node: Node, scope: Scope): Outcome {
    this.#evaluation.step(spanOf(node, scope));
    switch (node.type) {
      case "ReturnStatement":
        return { kind: "return", value: node.argument ? this.#returned(node.argument, scope) : knownValue(undefined) };
      case "IfStatement":
        return this.#fork(
          this.#evaluation.test(node.test, scope),
          () => this.#one(node.consequent, scope),
          () => (node.alternate ? this.#one(node.alternate, scope) : { kind: "next", scope }),
        );
      case "BlockStatement":
        return within(scope, this.all(node.body, scope));
      case "VariableDeclaration":
        return { kind: "next", scope: this.#declared(node, scope) };
      case "FunctionDeclaration": {
        if (!node.id) break;
        return { kind: "next", scope: scope.declare(node.id.name, this.#evaluation.closure(node, scope)) };
      }
      case "ExpressionStatement":
        return { kind: "next", scope: this.#effect(node.expression, scope) };
      case "EmptyStatement":
        return { kind: "next", scope };
      case "ForOfStatement":
        return within(scope, this.#forOf(node, scope));
      case "ForStatement":
        return within(scope, this.#for(node, scope));
      case "WhileStatement":
        return this.#loop(node, node.test, undefined, node.body, scope);
      case "SwitchStatement":
        return within(scope, this.#switch(node, scope));
      case "BreakStatement":
      case "ContinueStatement":
        if (node.label) break;
        return { kind: node.type === "BreakStatement" ? "break" : "continue", scope };
      default:
    }
    return obstruct("statement", spanOf(node, scope));
  }

  #returned(node: Expression, scope: Scope): Value {
    if (this.#wanted === "value") return this.#evaluation.value(node, scope);
    return booleanValue(this.#evaluation.test(node, scope));
  }

  /** Both ways of a condition, or the one that is known. */
  #fork(test: Test, yes: () => Outcome, no: () => Outcome): Outcome {
    if (test.kind === "known") return test.value ? yes() : no();
    return { kind: "fork", test, yes: yes(), no: no() };
  }

  #declared({ declarations }: VariableDeclaration, scope: Scope): Scope {
    return declarations.reduce((before, { id, init }) => {
      const value = init ? this.#evaluation.value(init, before) : knownValue(undefined);
      return bind(this.#evaluation, id, value, before);
    }, scope);
  }

  /** A statement that is an expression: only its effect on the function's own variables matters. */
  #effect(node: Expression, scope: Scope): Scope {
    const at = spanOf(node, scope);
    if (node.type === "Literal") return scope;
    const isUpdate = node.type === "UpdateExpression";
    if (!isUpdate && node.type !== "AssignmentExpression") return obstruct("effect", at);
    const target = isUpdate ? node.argument : node.left;
    const variable = target.type === "Identifier" ? scope.get(target.name) : undefined;
    if (target.type !== "Identifier" || !variable || variable.constant) return obstruct("effect", at);
    const value = isUpdate
      ? operate(node.operator === "++" ? "+" : "-", variable.value, knownValue(1), at)
      : this.#evaluation.value(node.right, scope);
    if (isUpdate || node.operator === "=") return scope.assign(target.name, value);
    const op = node.operator.slice(0, -1);
    if (op === "&&" || op === "||" || op === "??") return obstruct("effect", at);
    return scope.assign(target.name, operate(op as BinaryOperator, variable.value, value, at));
  }

  #forOf(node: Extract<Statement, { type: "ForOfStatement" }>, scope: Scope): Outcome {
    const { left } = node;
    const values = this.#evaluation.value(node.right, scope);
    if (left.type !== "VariableDeclaration" || node.await) return obstruct("statement", spanOf(node, scope));
    if (values.kind !== "known" || !(Array.isArray(values.value) || values.value instanceof Set))
      return obstruct("statement", spanOf(node, scope));
    const list: readonly unknown[] = [...(values.value as Iterable<unknown>)];
    const turn = (index: number, before: Scope): Outcome => {
      this.#evaluation.step(spanOf(node, scope));
      if (index === list.length) return { kind: "next", scope: before };
      const inside = bind(this.#evaluation, left.declarations[0]!.id, knownValue(list[index]), before);
      const body = within(before, this.#one(node.body, inside));
      return afterTurn(body, (next) => turn(index + 1, next));
    };
    return turn(0, scope);
  }

  #for(node: Extract<Statement, { type: "ForStatement" }>, scope: Scope): Outcome {
    const { init, test, update, body } = node;
    const begun =
      init?.type === "VariableDeclaration"
        ? this.#declared(init, scope)
        : init
          ? this.#effect(init as Expression, scope)
          : scope;
    return this.#loop(node, test, update, body, begun);
  }

  #loop(
    node: Statement,
    test: Expression | null,
    update: Expression | null | undefined,
    body: Statement,
    scope: Scope,
  ): Outcome {
    this.#evaluation.step(spanOf(node, scope));
    const goesOn = test ? this.#evaluation.test(test, scope) : ({ kind: "known", value: true } as const);
    return this.#fork(
      goesOn,
      () =>
        afterTurn(this.#one(body, scope), (next) =>
          this.#loop(node, test, update, body, update ? this.#effect(update, next) : next),
        ),
      () => ({ kind: "next", scope }),
    );
  }

  #switch(node: Extract<Statement, { type: "SwitchStatement" }>, scope: Scope): Outcome {
    const wanted = this.#evaluation.value(node.discriminant, scope);
    const { cases } = node;
    const from = (index: number): Outcome =>
      this.all(
        cases.slice(index).flatMap(({ consequent }) => consequent),
        scope,
      );
    const choose = (index: number): Outcome => {
      const one = cases[index];
      if (!one) {
        const otherwise = cases.findIndex(({ test }) => test === null);
        return otherwise < 0 ? { kind: "next", scope } : from(otherwise);
      }
      if (!one.test) return choose(index + 1);
      const at = spanOf(one.test, scope);
      const same = truth(operate("===", wanted, this.#evaluation.value(one.test, scope), at), at);
      return this.#fork(
        same,
        () => from(index),
        () => choose(index + 1),
      );
    };
    return ended(choose(0), "break");
  }
}

/** What follows where statements have come to their end. */
function then(outcome: Outcome, next: (scope: Scope) => Outcome): Outcome {
  if (outcome.kind === "fork") return { ...outcome, yes: then(outcome.yes, next), no: then(outcome.no, next) };
  return outcome.kind === "next" ? next(outcome.scope) : outcome;
}

/** What follows a loop's turn. */
function afterTurn(body: Outcome, next: (scope: Scope) => Outcome): Outcome {
  return ended(then(ended(body, "continue"), next), "break");
}

/** An outcome in which `break`, or `continue`, is an end like others. */
function ended(outcome: Outcome, by: "break" | "continue"): Outcome {
  if (outcome.kind === "fork") return { ...outcome, yes: ended(outcome.yes, by), no: ended(outcome.no, by) };
  return outcome.kind === by ? { kind: "next", scope: outcome.scope } : outcome;
}

/** An outcome of a block, outside of it. */
function within(outer: Scope, outcome: Outcome): Outcome {
  if (outcome.kind === "fork") return { ...outcome, yes: within(outer, outcome.yes), no: within(outer, outcome.no) };
  return outcome.kind === "return" ? outcome : { ...outcome, scope: outer.after(outcome.scope) };
}

/** Declares the variables of a pattern. */
export function bind(evaluation: Evaluation, pattern: BindingPattern, value: Value, scope: Scope): Scope {
  const at = spanOf(pattern, scope);
  switch (pattern.type) {
    case "Identifier":
      return scope.declare(pattern.name, value);
    case "AssignmentPattern": {
      const isMissing = value.kind === "known" && value.value === undefined;
      return bind(evaluation, pattern.left, isMissing ? evaluation.value(pattern.right, scope) : value, scope);
    }
    case "ObjectPattern":
      return pattern.properties.reduce((before, property) => {
        if (property.type !== "Property" || property.computed || property.key.type !== "Identifier")
          return obstruct("dynamicMember", at);
        const member = memberOf(value, property.key.name, spanOf(property.key, scope));
        return bind(evaluation, property.value, member, before);
      }, scope);
    default:
      return obstruct("statement", at);
  }
}
