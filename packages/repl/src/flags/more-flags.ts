import type { Options } from "@rxbpf/probes/define";
import { Command, type Option } from "commander";

import { addFlags } from "./flags.js";
import { flagList } from "./help-text.js";

/** Flags that a command has beside its own, and whose they are. */
export interface MoreFlags {
  readonly options: Options;
  /** `Flags of opensnoop`. */
  readonly title: string;
}

/** What a command line gives beside the command's own flags. */
export interface Given {
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** Which flags a command has beside its own, by its words: what it is about. Flags and their values may be among them. */
type Finder = (words: readonly string[]) => MoreFlags | undefined;

const finders = new WeakMap<Command, Finder>();

/**
 * Makes a command's flags depend on its words. Its own are then those alone that do not.
 * @param otherwise what its help says where the words do not tell
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

/** The flags that a command has beside its own with these words, if any. @throws Error for a recording that cannot be read */
function moreFlags(command: Command, words: readonly string[]): MoreFlags | undefined {
  return finders.get(command)?.(words);
}

export function hasMoreFlags(command: Command): boolean {
  return finders.has(command);
}

/** The same as commander knows them; none where they cannot be told. */
export function moreOptions(command: Command, words: readonly string[]): readonly Option[] {
  try {
    return parserOf(moreFlags(command, words)?.options ?? {}).command.options;
  } catch {
    return [];
  }
}

/** What a command that was parsed was given beside its own flags. @throws CommanderError, UsageError */
export function givenTo(command: Command, words: readonly string[] = command.args): Given {
  const parser = parserOf(moreFlags(command, words)?.options ?? {});
  parser.command.parse([...words], { from: "user" });
  return { words: parser.command.args, values: parser.values() };
}

/** The long names of options' flags. */
export function flagNames(options: Options): string[] {
  return parserOf(options).command.options.map(({ long }) => long!);
}

/** The flags of options, as commander knows them. */
function parserOf(options: Options): { command: Command; values: () => Record<string, unknown> } {
  const command = new Command()
    .argument("[words...]")
    .helpOption(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  return { command, values: addFlags(command, options) };
}
