import { Command } from "@rxbpf/filters";
import { UsageError } from "@rxbpf/probes/define";

import { catalogue } from "../catalogue.js";

/** What the help says of a command that can trace another. */
export const COMMAND_HELP =
  "With -- COMMAND at the end, runs the command and traces only it, with its children and threads, from its first " +
  "instruction until it ends. The exit status is the command's. Children that outlive the command go on untraced.";

/** A command line, and the command to trace. */
export interface CommandLine {
  readonly words: readonly string[];
  /** What follows the first `--`; undefined without one. */
  readonly traced: readonly string[] | undefined;
}

/** Whether a command of this name can be followed by `--` and a command to trace. */
export function canTrace(name: string | undefined): boolean {
  return name !== undefined && (name === "record" || catalogue.has(name));
}

/** Splits the command to trace from a command line that can have one. What follows `--exec` belongs to that flag. */
export function splitCommandLine(words: readonly string[]): CommandLine {
  const end = words.findIndex((word) => word === "--" || word === "--exec");
  if (!canTrace(words[0]) || words[end] !== "--") return { words, traced: undefined };
  return { words: words.slice(0, end), traced: words.slice(end + 1) };
}

/**
 * Sets up what a command needs to be traced alone, and an option that narrows a probe to it; nothing if there is no command.
 * @param values the options of the probe, or of all probes
 */
export async function withCommand(
  words: readonly string[] | undefined,
  values: Readonly<Record<string, unknown>>,
  use: (command: Command | undefined, within: { readonly within?: Command["within"] }) => Promise<void>,
): Promise<void> {
  if (!words) return use(undefined, {});
  if (words.length === 0) throw new UsageError("-- takes a command");
  if ("cgroupmap" in values)
    throw new UsageError("--cgroupmap and -- COMMAND exclude each other: the command has a cgroup of its own");
  const command = new Command(words);
  try {
    await use(command, { within: command.within });
  } finally {
    command.close();
  }
}
