import type { Fields, Schema } from "@rxbpf/core";
import type { Narrowed } from "@rxbpf/compile";
import { type Condition, messageOf, type Source } from "@rxbpf/core/events";

import type { Output } from "./outputs.js";
import { type Option, show, UsageError } from "./options.js";
import { type Selecting, selecting } from "./selection.js";

/** What a condition tests: the records of a compiled program. */
export interface Recording {
  readonly name: string;
  readonly schema: Schema<Fields>;
  /** The bytes of the program's object. */
  readonly object: () => Uint8Array;
}

/** A source that takes conditions on its records. The compiler is loaded only if there are any. */
export function withConditions(
  recording: Recording,
  make: (narrowed?: Narrowed) => Source<unknown>,
  conditions: readonly Condition<never>[] = [],
): Source<unknown> {
  const where = (condition: Condition<never>): Source<unknown> =>
    withConditions(recording, make, [...conditions, condition]);
  if (conditions.length === 0) return Object.assign(make(), { where });
  const prepare = async (): Promise<Source<unknown>> => {
    const { narrow } = await compiler();
    return (receiver) => make(narrow({ ...recording, object: recording.object() }, conditions))(receiver);
  };
  const unprepared: Source<unknown> = () => {
    throw new Error(`Cannot start ${recording.name}: its conditions are not compiled yet`);
  };
  return Object.assign(unprepared, { prepare, where });
}

/** The compiler. Its parser is native code, which may be missing. */
async function compiler(): Promise<typeof import("@rxbpf/compile")> {
  try {
    return await import("@rxbpf/compile");
  } catch (cause) {
    const [state] = messageOf(cause).split("\n");
    throw new Error(`Cannot compile a condition: ${state}; run: npm install oxc-parser`, { cause });
  }
}

/** The option that takes a condition as text. In a program, the method `where` of the stream takes a function. */
export const where: Selecting<string> = selecting(
  {
    kind: "text",
    help: `only events e for which EXPRESSION is true, such as 'e.ret < 0 && e.comm === "nginx"'`,
    value: "EXPRESSION",
    parse: (given, name) => {
      if (typeof given !== "string") throw new UsageError(`${name} takes an expression, not ${show(given)}`);
      predicateOf(given, name);
      return given;
    },
  } satisfies Option<string>,
  // The kernel selects by what is compiled, not by constants.
  { constants: () => ({}), matches: (expression, event) => Boolean(predicateOf(expression)(event)) },
);

/** A probe, as far as conditions concern it. */
interface Checked {
  readonly definition: { readonly name: string };
  readonly outputs: Readonly<Record<string, Output>>;
}

/** The line of an expression in the source of its function. */
const FIRST_LINE = 5;

/**
 * Checks the names in the expression of `--where`: of fields, and of what every script has.
 * @throws UsageError with what was meant
 */
export async function checkCondition(
  expression: string,
  { definition, outputs }: Checked,
  output: string,
): Promise<void> {
  const { checkNames, ConditionError } = await compiler();
  const tested = outputs[output]!;
  const schema = tested.kind === "ring" ? tested.schema : tested.record;
  if (!schema) return;
  try {
    checkNames(predicateOf(expression), { name: definition.name, schema });
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    const { line, column, cause } = error;
    const place = line > FIRST_LINE ? `line ${line - FIRST_LINE + 1}, column ${column}` : `column ${column}`;
    throw new UsageError(`--where, ${place}: ${(cause as Error).message}`, { cause: error });
  }
}

type Predicate = (event: unknown) => unknown;
const predicates = new Map<string, Predicate>();

/** The function of an expression on an event `e`. @throws UsageError if it is none */
export function predicateOf(expression: string, name: string = "where"): Predicate {
  const known = predicates.get(expression);
  if (known) return known;
  try {
    // Only an expression is one within both kinds of brackets.
    // oxlint-disable-next-line no-implied-eval -- the user's own code, which the user runs
    void new Function("e", `return [${expression}\n];`);
    // oxlint-disable-next-line no-implied-eval
    const predicate = new Function("e", `"use strict";\nreturn (\n${expression}\n);`) as Predicate;
    predicates.set(expression, predicate);
    return predicate;
  } catch (error) {
    const example = "e.ret < 0";
    throw new UsageError(`${name} takes an expression on the event e, such as '${example}', not ${show(expression)}`, {
      cause: error,
    });
  }
}
