import { performance } from "node:perf_hooks";

/** How much longer than an action took must pass before the next. */
const RESTS = 10;

/** Keeps an action that anybody can cause, and make long, from taking more than about a tenth of the time. */
export class Pace {
  #next = 0;

  due(): boolean {
    return performance.now() >= this.#next;
  }

  run(action: () => void): void {
    const start = performance.now();
    try {
      action();
    } finally {
      const end = performance.now();
      this.#next = end + (end - start) * RESTS;
    }
  }
}
