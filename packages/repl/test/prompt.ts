import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { type Outcome, run } from "../../../testing/programs.js";
import { startTerminal, type Terminal, type TerminalOptions } from "../../../testing/terminal.js";
import { commandLine } from "./cli.js";

export interface PromptOptions extends TerminalOptions {
  /** Commands that become the prompt. */
  readonly through?: readonly string[];
  /** Where inputs are kept; nowhere if not given. */
  readonly history?: string;
}

/** Starts a prompt in a terminal and waits until it is there. */
export async function startPrompt({ through = [], history = "", ...options }: PromptOptions = {}): Promise<Terminal> {
  const [command, ...args] = [...through, ...commandLine()];
  const env = { ...options.env, RXBPF_HISTORY: history };
  const terminal = startTerminal([command!, ...args], { columns: 100, rows: 40, ...options, env });
  await terminal.waitFor(/rxbpf>$/);
  return terminal;
}

/** Types a line, and waits until the prompt is back; what was shown in between. */
export async function enter(terminal: Terminal, line: string, seconds?: number): Promise<string> {
  const before = terminal.history().length;
  terminal.type(`${line}\r`);
  await terminal.waitFor(() => /\n(rxbpf>|\.\.\.|\|)$/.test(terminal.history().slice(before)), seconds);
  return terminal.history().slice(before);
}

/** Types the start of a line and presses Tab after it, apart: a tab among other text is taken as pasted. */
export async function tab(terminal: Terminal, text: string): Promise<void> {
  terminal.type(text);
  await terminal.waitFor((screen) => screen.replaceAll("\n", "").endsWith(text.trimEnd()));
  terminal.key("Tab");
}

/** Runs a prompt with lines from a file in a folder, which is its own. */
export async function piped(folder: string, lines: readonly string[]): Promise<Outcome> {
  const file = join(folder, uniqueName());
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  const [command, ...args] = commandLine();
  return run("sh", ["-c", `cd ${folder} && exec "$0" "$@" < ${file}`, command, ...args]);
}
