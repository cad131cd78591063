import { amount } from "./tally.js";

const BARS = "▁▂▃▄▅▆▇█";
/** More than a terminal has columns. */
const MOST = 500;

/** The last of many numbers, as a row of bars: the last on the right, the highest as high as can be. */
export class Sparkline {
  readonly #numbers: number[] = [];

  add(number: number): void {
    this.#numbers.push(number);
    if (this.#numbers.length > MOST) this.#numbers.shift();
  }

  /** Its line in so many columns, with the highest of the numbers that are drawn; none for fewer than two numbers. */
  lines(columns: number): readonly string[] {
    const width = Math.max(1, columns - " up to 1,234,567,890".length);
    const shown = this.#numbers.slice(-width);
    if (shown.length < 2) return [];
    const highest = shown.reduce((a, b) => Math.max(a, b), 0);
    const bars = shown.map((number) => BARS[Math.max(0, Math.ceil((number / (highest || 1)) * BARS.length) - 1)]);
    return [`${bars.join("")} up to ${amount(highest)}`];
  }
}
