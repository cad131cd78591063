import { type Lost, printable } from "@rxbpf/core";

const RATE_MS = 1000;

/** Counts the events that passed, their rate, and those that were lost. */
export class Tally {
  events = 0;
  shown = 0;
  /** What it counts. */
  unit: "event" | "table" | "histogram" | "heat map" = "event";
  readonly #lost = new Map<string, number>();
  #rate = 0;
  #since = performance.now();
  #before = 0;

  lose({ reason, count }: Lost): void {
    this.#lost.set(reason, (this.#lost.get(reason) ?? 0) + count);
  }

  /** The status line, which changes as events pass. */
  status(): string {
    return [this.#count(), `${amount(this.#perSecond())}/s`, ...this.#missing()].join("  ");
  }

  /** A line for the end; none if everything was shown. */
  summary(): string[] {
    const missing = this.#missing();
    return missing.length === 0 && this.events > 0 ? [] : [[this.#count(), ...missing].join("  ")];
  }

  #count(): string {
    return `${amount(this.events)} ${this.unit}${this.events === 1 ? "" : "s"}`;
  }

  #missing(): string[] {
    const lost = [...this.#lost].map(([reason, count]) => `lost ${amount(count)} (${printable(reason)})`);
    const hidden = this.events - this.shown;
    return [...(hidden > 0 ? [`${amount(this.shown)} of them shown`] : []), ...lost];
  }

  /** The rate over the last second or so. */
  #perSecond(): number {
    const now = performance.now();
    const elapsed = now - this.#since;
    if (elapsed >= RATE_MS) {
      this.#rate = ((this.events - this.#before) * 1000) / elapsed;
      this.#since = now;
      this.#before = this.events;
    }
    return this.#rate === 0 ? (this.events * 1000) / Math.max(elapsed, RATE_MS) : this.#rate;
  }
}

export function amount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
