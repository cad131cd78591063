import { type Fields, VerifierError } from "@rxbpf/core";
import { bindLayout, Btf } from "@rxbpf/core/bpf";
import type { Condition } from "@rxbpf/core/events";

import { INSTRUCTION } from "./back/assembler.js";
import { type Code, ENDING, filled, generate } from "./back/generate.js";
import { TooComplex } from "./back/ints.js";
import { ObjectFile } from "./back/object-file.js";
import { verdict } from "./back/verdict.js";
import { predicateTest } from "./front/evaluate.js";
import { obstacleLine } from "./front/excerpt.js";
import { decidable } from "./ir/decidable.js";
import { all, YES } from "./ir/make.js";
import type { Obstacle, Test } from "./ir/types.js";
import { TRIAL_START, TrialProgram } from "./program.js";
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

/** The function whose instructions are replaced: all of them. */
const ROOM = "condition";

/**
 * Puts conditions into a program, as far as the kernel can decide them.
 * @throws ConditionError for a field that its records do not have
 */
export function narrow({ name, schema, object }: Recorder, conditions: readonly Condition<never>[]): Narrowed {
  const file = new ObjectFile(object);
  const layout = bindLayout(schema, new Btf(file.section(".BTF")));
  const input = recordInput(`${name}'s event`, schema.fields, layout);
  const parts = conditions.map(({ predicate, captured }) => decidable(predicateTest(predicate, input, captured)));
  const place = file.findFunction(ROOM);
  const room = place ? place.size / INSTRUCTION : 0;
  const { code, obstacles } = compileWithin(all(...parts.map(({ test }) => test)), room, layout.size);
  const isWhole = obstacles.length === 0;
  const left = conditions.filter((_, index) => !isWhole || parts[index]!.obstacles.length > 0);
  const notices = [...parts.flatMap((part) => part.obstacles), ...obstacles].map(
    (one) => `where: JavaScript decides ${obstacleLine(one)}`,
  );
  const rest = { left: left.map(({ predicate }) => predicate), notices };
  if (!code) return { object, constants: {}, ...rest };
  const narrowed = Buffer.from(object);
  narrowed.set(filled(code, room), place!.offset);
  return { object: narrowed, constants: { by_condition: true }, ...rest };
}

interface Compiled {
  readonly code: Code | undefined;
  readonly obstacles: readonly Obstacle[];
}

/** Compiles as many of a test's parts as there is room for, which the kernel accepts. */
function compileWithin(test: Test, room: number, recordSize: number): Compiled {
  const wanted = test.kind === "all" ? test.tests : [test];
  const taken: Test[] = [];
  const obstacles: Obstacle[] = [];
  for (const part of wanted) {
    const fault = faultOf(all(...taken, part), room);
    if (fault === undefined) taken.push(part);
    else obstacles.push({ message: fault, at: spanIn(part) });
  }
  const whole = all(...taken);
  if (whole === YES) return { code: undefined, obstacles };
  const code = generate(whole);
  const refusal = refusalOf(code, recordSize);
  return refusal ? { code: undefined, obstacles: [...obstacles, refusal] } : { code, obstacles };
}

function faultOf(test: Test, room: number): string | undefined {
  try {
    const { length } = generate(test);
    return length + ENDING > room ? `it does not fit into the ${room} instructions that the program has room for` : undefined;
  } catch (error) {
    if (error instanceof TooComplex) return error.message;
    throw error;
  }
}

/** Why the verifier refuses code by itself. What else keeps it from loading, the program will meet too. */
function refusalOf(code: Code, recordSize: number): Obstacle | undefined {
  try {
    new TrialProgram(code, recordSize).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof VerifierError)) return undefined;
    const { reason, at = { source: "it", start: 0, end: 2 } } = verdict(error, (instruction) => code.spanOf(instruction - TRIAL_START));
    return { message: `the kernel's verifier refuses it: ${reason}`, at };
  }
}

/** A piece of source that a test comes from. */
function spanIn(test: Test): Obstacle["at"] {
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
      return { source: "it", start: 0, end: 2 };
  }
}
