import type { Assignments } from "./assignments.js";
import { undecidedValue, type Value } from "./values.js";
import type { Obstacle, Span } from "../ir/types.js";

export interface Variable {
  readonly value: Value;
  readonly constant: boolean;
  /** The declaration: another variable of the same name has another. */
  readonly declaration: object;
}

/**
 * The variables of a function at one point of one way through it. Assigning makes another scope, so that each way has
 * its own values.
 */
export class Scope {
  /** The source of the function, for messages. */
  readonly source: string;
  /** How many characters stand before it where it was parsed. */
  readonly shift: number;
  readonly assignments: Assignments;
  /** What a name means that the function does not declare; undefined if that is not known. */
  readonly captured: (name: string, at: Span) => Value | undefined;
  readonly #variables: ReadonlyMap<string, Variable>;

  constructor(
    { source, shift, assignments }: Pick<Scope, "source" | "shift" | "assignments">,
    captured: (name: string, at: Span) => Value | undefined,
    variables: ReadonlyMap<string, Variable> = new Map(),
  ) {
    this.source = source;
    this.shift = shift;
    this.assignments = assignments;
    this.captured = captured;
    this.#variables = variables;
  }

  get(name: string): Variable | undefined {
    return this.#variables.get(name);
  }

  declare(name: string, value: Value): Scope {
    return this.#with(name, { value, constant: !this.assignments.names.has(name), declaration: {} });
  }

  assign(name: string, value: Value): Scope {
    return this.#with(name, { ...this.#variables.get(name)!, value });
  }

  /** This scope after a block within it, which ended with the scope `block`: what was assigned stays, what was declared goes. */
  after(block: Scope): Scope {
    const kept = [...this.#variables].map(([name, before]): [string, Variable] => {
      const now = block.get(name);
      return [name, now?.declaration === before.declaration ? now : before];
    });
    return new Scope(this, this.captured, new Map(kept));
  }

  /** For a function within this one: it may run later, when variables have other values. */
  closed(why: Obstacle): Scope {
    const fixed = [...this.#variables].map(([name, variable]): [string, Variable] => [
      name,
      variable.constant ? variable : { ...variable, constant: true, value: undecidedValue(why) },
    ]);
    return new Scope(this, this.captured, new Map(fixed));
  }

  #with(name: string, variable: Variable): Scope {
    return new Scope(this, this.captured, new Map([...this.#variables, [name, variable]]));
  }
}
