import type { Options } from "@rxbpf/probes/define";
import { Command, type Option } from "commander";

import { addFlags } from "./flags.js";
import { flagList } from "./help-text.js";

/** Flags that a command has besides its own, and where they come from. */
export interface MoreFlags {
  readonly options: Options;
  /** `Flags of opensnoop`. */
  readonly title: string;
}

/** What a command line gives besides the command's own flags. */
export interface Given {
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** Finds the flags that a command has besides its own, from its words: the probes or the recording. Flags and their values may be among them. */
type Finder = (words: readonly string[]) => MoreFlags | undefined;

const finders = new WeakMap<Command, Finder>();

/**
 * Makes a command's flags depend on its words. Its own flags are then only those that do not.
 * @param otherwise what its help says if the words do not tell
 */
export function dependOnWords(command: Command, find: Finder, otherwise: () => string): Command {
  finders.set(command, find);
  return command
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", () => {
      const more = moreFlags(command, command.args);
      return more ? flagList(parserOf(more.options).command, more.title) : otherwise();
    });
}

/** The flags that a command has besides its own with these words, if any. @throws Error for a recording that cannot be read */
function moreFlags(command: Command, words: readonly string[]): MoreFlags | undefined {
  return finders.get(command)?.(words);
}

export function hasMoreFlags(command: Command): boolean {
  return finders.has(command);
}

/** The same flags as commander's options; none if the words do not tell. */
export function moreOptions(command: Command, words: readonly string[]): readonly Option[] {
  try {
    return parserOf(moreFlags(command, words)?.options ?? {}).command.options;
  } catch {
    return [];
  }
}

/** What a parsed command was given besides its own flags. @throws CommanderError, UsageError */
export function givenTo(command: Command, words: readonly string[] = command.args): Given {
  const parser = parserOf(moreFlags(command, words)?.options ?? {});
  parser.command.parse([...words], { from: "user" });
  return { words: parser.command.args, values: parser.values() };
}

/** The long names of options' flags that help shows. */
export function flagNames(options: Options): string[] {
  return parserOf(options).command.options.flatMap(({ long, hidden }) => (hidden ? [] : long!));
}

/** The flags of options, as commander's options. */
function parserOf(options: Options): { command: Command; values: () => Record<string, unknown> } {
  const command = new Command()
    .argument("[words...]")
    .helpOption(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  return { command, values: addFlags(command, options) };
}
