import { printable } from "@rxbpf/core";
import type { Argument, Command, Option } from "commander";

import { catalogue } from "../catalogue.js";
import { OptionFlag } from "../flags/flags.js";
import { moreOptions } from "../flags/more-flags.js";
import { canTrace } from "../flags/traced.js";

/** Lines that make the shell complete by itself: names of files, names of commands. */
const FILES = ":files";
const COMMANDS = ":commands";

/** A word, and its meaning. */
type Candidate = readonly [word: string, meaning: string];

/**
 * The completions of the last word: lines with a word, a tab and its meaning; or a line that makes the shell complete by itself.
 * @param given the words after `rxbpf`, as far as they are typed
 */
export function completions(program: Command, given: readonly string[]): readonly string[] {
  const words = joined(given);
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const dashes = before.indexOf("--");
  if (dashes >= 0 && canTrace(before[0])) return dashes === before.length - 1 ? [COMMANDS, FILES] : [FILES];

  const { command, rest } = named(program, before);
  const options = [...command.options.filter(({ hidden }) => !hidden), ...moreOptions(command, rest)];
  const flagBefore = options.find((one) => one.required && isFlag(one, before.at(-1)));
  if (flagBefore) return ofValue(flagBefore, current, "");
  const [, flag, part] = /^(--[^=]+)=(.*)$/.exec(current) ?? [];
  const withValue = options.find((one) => one.required && one.long === flag);
  if (withValue) return ofValue(withValue, part!, `${flag}=`);
  if (current.startsWith("-")) return lines(flags(options.filter(({ hidden }) => !hidden)), current);
  if (command.commands.length > 0 && rest.length > 0) return [];
  return [...lines(subcommands(command), current), ...ofArgument(command, rest, options, current)];
}

/** Words as typed: bash splits them at `=`. */
function joined(words: readonly string[]): readonly string[] {
  const parts: string[] = [];
  for (const word of words) {
    if (word === "=" && parts.at(-1)?.startsWith("--")) continue;
    parts.push(word);
  }
  return words.at(-1) === "=" ? [...parts, ""] : parts;
}

/** The command that words name, and the words after its name. */
function named(program: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  let command = program;
  let rest = words;
  // After `help`, complete the names of commands.
  if (rest[0] === "help") rest = rest.slice(1);
  for (;;) {
    const next = command.commands.find((one) => one.name() === rest[0]);
    if (!next) return { command, rest };
    command = next;
    rest = rest.slice(1);
  }
}

function isFlag({ long, short }: Option, word: string | undefined): boolean {
  return word !== undefined && (word === long || word === short);
}

function flags(options: readonly Option[]): Candidate[] {
  return [
    ...options.flatMap(({ long, short, description }) =>
      [long, short].flatMap((name): Candidate[] => (name ? [[name, description]] : [])),
    ),
    ["--help", "display help for command"],
  ];
}

function subcommands(command: Command): Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((one): Candidate => [one.name(), one.summary() || one.description()]);
}

/** The possible values of a flag. */
function ofValue(option: Option, part: string, prefix: string): readonly string[] {
  const choices = option.argChoices ?? (option instanceof OptionFlag ? option.choicesOf?.() : undefined);
  if (choices)
    return lines(
      choices.map((choice): Candidate => [prefix + choice, ""]),
      prefix + part,
    );
  return /<(path|file)>/i.test(option.flags) ? [FILES] : [];
}

function ofArgument(
  command: Command,
  rest: readonly string[],
  options: readonly Option[],
  current: string,
): readonly string[] {
  const operands = rest.filter((word, i) => {
    const isValue = options.some((one) => one.required && isFlag(one, rest[i - 1]));
    return !word.startsWith("-") && !isValue;
  });
  const all = command.registeredArguments;
  const argument: Argument | undefined = all[operands.length] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
  if (!argument) return [];
  if (argument.argChoices)
    return lines(
      argument.argChoices.map((choice): Candidate => [choice, ""]),
      current,
    );
  switch (argument.name()) {
    case "probe": {
      const left = [...catalogue].filter(([name]) => !operands.includes(name));
      return lines(
        left.map(([name, { definition }]): Candidate => [name, definition.summary]),
        current,
      );
    }
    case "path":
    case "file":
    case "script":
    case "target":
    case "args":
      return [FILES];
    default:
      return [];
  }
}

function lines(candidates: readonly Candidate[], current: string): string[] {
  return candidates
    .filter(([word]) => word.startsWith(current))
    .map(([word, meaning]) => `${printable(word)}\t${printable(meaning)}`);
}
