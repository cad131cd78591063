import { cutLine } from "./fit.js";
import type { Output } from "./output.js";
import { lengthIn, widthOf } from "./width.js";

/** Between these, the terminal itself cuts lines at its edge, in case it finds a line wider than we do. */
const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";

/**
 * The bottom of a terminal's screen: lines that scroll by, and below them a block that is redrawn in place. No line is wider than
 * the terminal.
 */
export class Screen {
  readonly #output: Output;
  /** The widths of the block's lines. */
  #block: readonly number[] = [];
  /** The block as it was drawn, and the size of the screen then. */
  #drawn = "";

  constructor(output: Output) {
    this.#output = output;
  }

  get rows(): number {
    return this.#output.rows || 24;
  }

  get columns(): number {
    return this.#output.columns || 80;
  }

  /** Adds lines above the block, and replaces the block, which is lower than the screen. */
  draw(lines: readonly string[], block: readonly string[]): void {
    const cut = (line: string): string => cutLine(line, this.columns - 1);
    const fitting = block.map(cut);
    const drawn = JSON.stringify([this.columns, this.rows, fitting]);
    if (lines.length === 0 && drawn === this.#drawn) return;
    this.#drawn = drawn;
    const scrolling = lines.map((line) => `${cut(line)}\n`).join("");
    // With the cursor at the start of the last line, a terminal that rewraps that line moves no line above it.
    const end = fitting.length > 0 ? "\r" : "";
    this.#output.write(NO_WRAP + this.#erase() + scrolling + fitting.join("\n") + end + WRAP);
    this.#block = fitting.map(widthOf);
  }

  /** Takes no notice of the block any more: something else was drawn over it. The next one comes below. */
  forget(): void {
    this.#block = [];
    this.#drawn = "";
  }

  /** Ends with lines that stay. */
  end(lines: readonly string[]): void {
    this.draw(lines, []);
  }

  #erase(): string {
    if (this.#block.length === 0) return "";
    // A terminal that became narrower has wrapped the lines that were wider.
    const heights = this.#block.slice(0, -1).map((width) => Math.max(1, Math.ceil(width / this.columns)));
    const up = heights.reduce((sum, height) => sum + height, 0);
    return `\r${up > 0 ? `\x1b[${up}A` : ""}\x1b[J`;
  }
}

/** Breaks a text into lines of at most so many columns. */
export function breakLine(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (let rest = text; rest !== "";) {
    const end = Math.max(lengthIn(rest, columns), 1);
    lines.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return lines;
}
