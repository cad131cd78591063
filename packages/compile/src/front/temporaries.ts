import type { Value } from "./values.js";

/**
 * Variables that were assigned in the middle of the expression that is evaluated, by declaration. Their values are
 * known for the rest of that expression, where it is sure that the assignment happened.
 */
export class Temporaries {
  #values = new Map<object, Value>();

  get(declaration: object): Value | undefined {
    return this.#values.get(declaration);
  }

  set(declaration: object, value: Value): void {
    this.#values.set(declaration, value);
  }

  /** Runs something that may not run: what it assigns is not known afterwards. */
  perhaps<T>(act: () => T): T {
    const before = this.#values;
    this.#values = new Map(before);
    try {
      return act();
    } finally {
      const after = this.#values;
      this.#values = new Map([...before].filter(([declaration, value]) => after.get(declaration) === value));
    }
  }

  /** Runs another expression. */
  apart<T>(act: () => T): T {
    const before = this.#values;
    this.#values = new Map();
    try {
      return act();
    } finally {
      this.#values = before;
    }
  }
}
