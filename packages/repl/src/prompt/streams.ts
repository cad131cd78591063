import { inspect } from "node:util";

import { runs } from "@rxbpf/core/events";

import { printed } from "../live/printed.js";
import { amount } from "../live/tally.js";

const LOOK_MS = 1000;

/** Lists the streams that run. It samples them once a second, to show the rate of events. */
export class StreamTable {
  #before = new Map<number, number>();
  #looked = performance.now();
  #rates = new Map<number, number>();

  constructor() {
    setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #look(): void {
    const now = performance.now();
    const seconds = (now - this.#looked) / 1000;
    const running = runs();
    this.#rates = new Map(running.map(({ id, events }) => [id, (events - (this.#before.get(id) ?? 0)) / seconds]));
    this.#before = new Map(running.map(({ id, events }) => [id, events]));
    this.#looked = now;
  }

  text(): string {
    const running = runs();
    if (running.length === 0) return "Nothing is attached";
    const rows = running.map(({ id, info: { name, options = {} }, since, events, lost }) => ({
      n: id,
      seconds: Math.round((Date.now() - since) / 1000),
      events: amount(events),
      "events/s": amount(this.#rates.get(id) ?? 0),
      lost: amount(lost),
      stream: Object.keys(options).length > 0 ? `${name}(${inspect(options, { breakLength: Infinity })})` : name,
    }));
    return printed(rows, {});
  }
}
