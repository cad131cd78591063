import sliceAnsi from "slice-ansi";

import type { Output } from "./output.js";

/**
 * The end of a terminal's screen: lines that scroll by, and below them a block that is drawn anew in its place. No line is wider than
 * the terminal, so that the block can be found again, also after the terminal was made narrower.
 */
export class Screen {
  readonly #output: Output;
  #block = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Adds lines above the block, and replaces the block, which is cut to the height of the screen. */
  draw(lines: readonly string[], block: readonly string[]): void {
    const { columns = 80, rows = 24 } = this.#output;
    const up = this.#block > 1 ? `\x1b[${this.#block - 1}A` : "";
    const erase = this.#block > 0 ? `\r${up}\x1b[J` : "";
    const fitting = block.length < rows ? block : [...block.slice(0, rows - 2), ...block.slice(-1)];
    const cut = (line: string): string => sliceAnsi(line, 0, columns - 1);
    this.#output.write(erase + lines.map((line) => `${cut(line)}\n`).join("") + fitting.map(cut).join("\n"));
    this.#block = fitting.length;
  }

  /** A text as lines that fit. */
  wrapped(text: string): string[] {
    return text.match(new RegExp(`.{1,${(this.#output.columns ?? 80) - 1}}`, "gu")) ?? [];
  }

  /** Ends with lines that stay. */
  end(lines: readonly string[]): void {
    this.draw(lines, []);
  }
}
