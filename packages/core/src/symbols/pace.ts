import { performance } from "node:perf_hooks";

/** An action that took some time is not repeated for this many times as long. */
const RESTS = 10;

/** Limits an action that hostile processes can trigger and make slow to about a tenth of the time. */
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
