import type { Fields } from "@rxbpf/core";
import { bindLayout, Btf } from "@rxbpf/core/bpf";
import type { Condition } from "@rxbpf/core/events";

import { INSTRUCTION } from "./back/assembler.js";
import { generate } from "./back/generate.js";
import { ObjectFile } from "./back/object-file.js";
import { explain } from "./explain.js";
import { obstacleLine, placeOf } from "./front/excerpt.js";
import { Misnamed } from "./front/obstacles.js";
import { all, YES } from "./ir/make.js";
import { compilable, type Predicate, readPredicate } from "./predicate.js";
import { recordInput } from "./record.js";

/** A compiled program whose records must meet conditions. */
export interface Recorder {
  /** What messages call it: a probe's name. */
  readonly name: string;
  readonly schema: { readonly struct: string; readonly fields: Fields };
  /** The bytes of its `.bpf.o`, with the room of bpf/include/condition.bpf.h. */
  readonly object: Uint8Array;
}

/** Conditions, shared out between the kernel and JavaScript. */
export interface Narrowed {
  /** The object with the conditions in it. */
  readonly object: Uint8Array;
  /** The constants that switch them on. */
  readonly constants: Readonly<Record<string, boolean>>;
  /** Conditions that JavaScript must test too, as the kernel cannot decide all of them. */
  readonly left: readonly ((event: never) => unknown)[];
  /** Says, a line each, what the kernel does not decide. */
  readonly notices: readonly string[];
}

/** A condition with a name that there is not: it would never hold, in JavaScript neither. */
export class ConditionError extends Error {
  override name = "ConditionError";
  /** Where in the function's source, counting from 1. */
  readonly line: number;
  readonly column: number;

  constructor(name: string, cause: Misnamed) {
    super(`Cannot narrow ${name}: ${cause.message}`, { cause });
    ({ line: this.line, column: this.column } = placeOf(cause.at));
  }
}

/** The function whose instructions are replaced: all of them. */
const ROOM = "condition";
/**
 * How many instructions at its end code must leave alone: the object says on which lines of C they are, and that may
 * not be said of the second half of an instruction.
 */
const AT_END = 8;

/**
 * Puts conditions into a program, as far as the kernel can decide them.
 * @throws ConditionError for a field that its records do not have
 */
export function narrow({ name, schema, object }: Recorder, conditions: readonly Condition<never>[]): Narrowed {
  const file = new ObjectFile(object);
  const layout = bindLayout(schema, new Btf(file.section(".BTF")));
  const input = recordInput(`${name}'s event`, schema.fields, layout);
  const parts = conditions.map(({ predicate, captured }) =>
    explained(name, () => readPredicate(predicate, input, { given: captured })),
  );
  const place = file.findFunction(ROOM);
  const room = place ? place.size / INSTRUCTION : 0;
  const whole = all(...parts.map(({ test }) => test));
  const { test, obstacles } = compilable(whole, room - AT_END, layout.size);
  const left = conditions.filter((_, index) => obstacles.length > 0 || parts[index]!.obstacles.length > 0);
  const notices = [...parts.flatMap((part) => part.obstacles), ...obstacles].map(
    (one) => `where: JavaScript decides ${obstacleLine(one)}`,
  );
  const rest = { left: left.map(({ predicate }) => predicate), notices };
  if (test === YES || !place) return { object, constants: {}, ...rest };
  const narrowed = Buffer.from(object);
  narrowed.set(generate(test, room).bytes, place.offset);
  return { object: narrowed, constants: { by_condition: true }, ...rest };
}

/**
 * Checks the names that a function uses: of the fields of an event, and of what every script has. For an expression of
 * the command line, which captures nothing.
 * @throws ConditionError
 */
export function checkNames(predicate: (event: never) => unknown, { name, schema }: Omit<Recorder, "object">): void {
  const input = recordInput(`${name}'s event`, schema.fields, { size: 0, places: [] });
  explained(name, () => readPredicate(predicate, input, { closed: true }));
}

/**
 * Tells what of a predicate the kernel tests, in how many instructions, and what is left to JavaScript.
 * @throws ConditionError
 */
export function explanation(predicate: (event: never) => unknown, { name, schema, object }: Recorder): string {
  const layout = bindLayout(schema, new Btf(new ObjectFile(object).section(".BTF")));
  return explain(
    explained(name, () => readPredicate(predicate, recordInput(`${name}'s event`, schema.fields, layout))),
  );
}

function explained(name: string, read: () => Predicate): Predicate {
  try {
    return read();
  } catch (error) {
    throw error instanceof Misnamed ? new ConditionError(name, error) : error;
  }
}
