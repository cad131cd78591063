/** What a prompt waits for, and how to end it. */
export interface Foreground {
  /** Ends it, so that the prompt comes back. */
  interrupt(): void;
}

/** A promise that can be given up. */
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

/** Whether a person did not want to wait, for a promise or for code that does not pause. */
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
