import type { Key } from "node:readline";

/** What the prompt waits for, and how to end it. */
export interface Foreground {
  /** Ends it, so that the prompt returns. */
  interrupt(): void;
  /** Takes a key, if it has a use for keys. Returns whether it did. */
  press?(key: Key): boolean;
}

/** A promise that a person can stop waiting for. */
export class Interruptible<T> implements Foreground {
  readonly done: Promise<T>;
  #giveUp!: (error: Error) => void;

  constructor(promise: PromiseLike<T>) {
    this.done = Promise.race([promise, new Promise<never>((_, reject) => (this.#giveUp = reject))]);
    this.done.catch(() => {});
  }

  interrupt(): void {
    this.#giveUp(new Interrupted());
  }
}

/** Whether a person interrupted a promise, or code that does not pause. */
export function wasInterrupted(error: unknown): boolean {
  return (
    error instanceof Interrupted || (error as { code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED"
  );
}

export class Interrupted extends Error {
  constructor() {
    super("interrupted");
  }
}
