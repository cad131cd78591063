import { type IPty, spawn } from "@lydell/node-pty";
import { onTestFinished } from "vitest";

import { Screen } from "./screen.js";

/** A program that runs in a terminal of its own. */
export interface Terminal {
  readonly pid: number;
  /** Types text as it is. A line ends with `\r`, as the Enter key sends it. */
  type(text: string): void;
  /** Pastes text as terminals do when the program has asked for bracketed paste. */
  paste(text: string): void;
  /** Presses keys, such as `Ctrl-C`, `Tab`, `Up`. */
  key(...names: readonly Key[]): void;
  resize(columns: number, rows: number): void;
  /** The visible text, up to the last line that is not empty. */
  screen(): string;
  /** The same, with the text that has scrolled away before it. */
  history(): string;
  /**
   * Resolves with the screen when it contains a text, matches an expression or satisfies a function.
   * @throws Error, with the screen, if the program ends or `seconds` (30) pass first
   */
  waitFor(what: string | RegExp | ((screen: string) => boolean), seconds?: number): Promise<string>;
  /** Closes the terminal like a window: the kernel sends SIGHUP, and nothing can be read or written any more. */
  hangUp(): void;
  /** Waits for the program's end and returns its status. */
  ended(): Promise<number>;
  /** Ends the program, if it still runs, and waits for that. */
  close(): Promise<void>;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const KEYS = {
  Enter: "\r",
  Tab: "\t",
  Escape: "\x1b",
  Backspace: "\x7f",
  Up: "\x1b[A",
  Down: "\x1b[B",
  Right: "\x1b[C",
  Left: "\x1b[D",
  Home: "\x1b[H",
  End: "\x1b[F",
} as const;

export type Key = keyof typeof KEYS | `Ctrl-${"A" | "C" | "D" | "E" | "K" | "L" | "R" | "U" | "W" | "Z"}`;

/** Runs a program on a pseudo-terminal. It ends with the test. The terminal's type is `xterm-256color`. */
export function startTerminal(command: readonly [string, ...string[]], options: TerminalOptions = {}): Terminal {
  const { columns = 80, rows = 24, env = {}, cwd } = options;
  const screen = new Screen(columns, rows);
  const [file, ...args] = command;
  const pty = spawn(file, args, {
    name: "xterm-256color",
    cols: columns,
    rows,
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  const waiters = new Set<() => void>();
  const look = (): void => {
    for (const waiter of waiters) waiter();
  };
  let status: number | undefined;
  pty.onData((text) => screen.write(text, look));
  screen.onAnswer((text) => pty.write(text));
  const end = endOf(pty).then(async (code) => {
    await screen.settled();
    status = code;
    look();
    return code;
  });

  const terminal: Terminal = {
    pid: pty.pid,
    type: (text) => pty.write(text),
    paste: (text) => pty.write(`\x1b[200~${text}\x1b[201~`),
    key: (...names) => pty.write(names.map(sequenceOf).join("")),
    resize(newColumns, newRows) {
      screen.resize(newColumns, newRows);
      pty.resize(newColumns, newRows);
    },
    screen: () => screen.text(),
    history: () => screen.allLines().join("\n").trimEnd(),
    waitFor(what, seconds = 30) {
      const found = typeof what === "function" ? what : (text: string) => text.search(pattern(what)) >= 0;
      return new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          waiters.delete(check);
          clearTimeout(timer);
          act();
        };
        const give = (why: string): void =>
          settle(() => reject(new Error(`${why} before the screen had ${String(what)}:\n${screen.text()}`)));
        const check = (): void => {
          const text = screen.text();
          if (found(text)) settle(() => resolve(text));
          else if (status !== undefined) give(`${file} ended with ${status}`);
        };
        const timer = setTimeout(() => give(`${seconds} s passed`), seconds * 1000);
        waiters.add(check);
        check();
      });
    },
    // Missing in the types. It sends SIGHUP once more, as a shell does.
    hangUp: () => (pty as IPty & { destroy(): void }).destroy(),
    ended: () => end,
    async close() {
      if (status !== undefined) return;
      pty.kill("SIGHUP"); // as when a terminal goes away, so that the program can still clean up
      // What is killed before it has cleaned up fails the run for what it left.
      const late = setTimeout(() => pty.kill("SIGKILL"), 10_000);
      await end;
      clearTimeout(late);
    },
  };
  onTestFinished(() => terminal.close());
  return terminal;
}

function endOf(pty: IPty): Promise<number> {
  return new Promise((resolve) => pty.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode)));
}

function sequenceOf(name: Key): string {
  if (!name.startsWith("Ctrl-")) return KEYS[name as keyof typeof KEYS];
  return String.fromCharCode(name.charCodeAt("Ctrl-".length) & 0x1f);
}

function pattern(what: string | RegExp): RegExp {
  return typeof what === "string" ? new RegExp(what.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")) : what;
}
