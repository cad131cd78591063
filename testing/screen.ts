import xterm from "@xterm/headless";

/** The screen of a terminal of this size: xterm.js without a window. */
export class Screen {
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  #waiting = 0;
  #settled: (() => void)[] = [];

  constructor(columns = 80, rows = 24) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 20_000, allowProposedApi: true });
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** The cursor's place on the screen, counted from 0. */
  get cursor(): { readonly row: number; readonly column: number } {
    const { cursorX, cursorY } = this.#terminal.buffer.active;
    return { row: cursorY, column: cursorX };
  }

  /** @param shown called once the screen shows the text */
  write(text: string, shown: () => void = () => {}): void {
    this.#waiting++;
    this.#terminal.write(text, () => {
      shown();
      if (--this.#waiting === 0) for (const settle of this.#settled.splice(0)) settle();
    });
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  /** Takes what the terminal itself sends, such as the cursor's place when asked for it. */
  onAnswer(send: (text: string) => void): void {
    this.#terminal.onData(send);
  }

  /** Resolves when the screen shows everything that was written. */
  async settled(): Promise<void> {
    if (this.#waiting > 0) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** The visible lines, without trailing blanks. */
  lines(): string[] {
    const { baseY, length } = this.#terminal.buffer.active;
    return this.#linesFrom(baseY, length);
  }

  /** The same, with the lines that have scrolled away before them. */
  allLines(): string[] {
    return this.#linesFrom(0, this.#terminal.buffer.active.length);
  }

  /** The visible text, up to the last line that is not empty. */
  text(): string {
    return this.lines().join("\n").trimEnd();
  }

  #linesFrom(from: number, to: number): string[] {
    const buffer = this.#terminal.buffer.active;
    return Array.from({ length: to - from }, (_, i) => buffer.getLine(from + i)!.translateToString(true));
  }
}
