import { from, type ObservableInput } from "rxjs";

import type { Batch, Run, Receiver, Source } from "./source.js";

/** A source of events from an array or from another observable. It loads nothing into the kernel. */
export function given<E>(events: ObservableInput<E>): Source<E> {
  return (receiver) => {
    receiver.status({ type: "attached", programs: [] });
    const run = new Given(receiver);
    run.start(events);
    return run;
  };
}

class Given<E> implements Run {
  readonly #receiver: Receiver<E>;
  /** What arrived while it was held. */
  readonly #waiting: (() => void)[] = [];
  #holds = 0;
  #ended = false;
  #unsubscribe = (): void => {};

  constructor(receiver: Receiver<E>) {
    this.#receiver = receiver;
  }

  start(events: ObservableInput<E>): void {
    const subscription = from(events).subscribe({
      next: (event) => this.#pass(() => this.#receiver.batch(oneEvent(event))),
      error: (error: unknown) => this.#pass(() => this.#end(() => this.#receiver.error(error))),
      complete: () => this.#pass(() => this.#end(() => this.#receiver.complete())),
    });
    this.#unsubscribe = () => subscription.unsubscribe();
    if (this.#ended) this.#unsubscribe();
  }

  stop(): void {
    this.#unsubscribe();
    this.#pass(() => this.#end(() => this.#receiver.complete()));
  }

  close(): void {
    this.#end(() => {});
  }

  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    while (this.#holds === 0 && this.#waiting.length > 0) this.#waiting.shift()!();
  }

  #pass(tell: () => void): void {
    if (this.#ended) return;
    if (this.#holds > 0) this.#waiting.push(tell);
    else tell();
  }

  #end(tell: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting.length = 0;
    this.#unsubscribe();
    tell();
  }
}

function oneEvent<E>(event: E): Batch<E> {
  return { length: 1, row: () => event };
}
