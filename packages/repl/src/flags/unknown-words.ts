import type { AddHelpTextContext, Command } from "commander";

import { givenTo, hasMoreFlags } from "./more-flags.js";

const HELP = new Set(["-h", "--help"]);

/** Makes a command, and its subcommands, report unknown words before `--help` instead of showing help. */
export function refuseUnknownBeforeHelp(program: Command): Command {
  return program.addHelpText("beforeAll", ({ command, error }: AddHelpTextContext) => {
    if (!error) check(command);
    return "";
  });
}

/** The words that a command was given before `--help`, without its own flags. */
export function wordsBeforeHelp({ args }: Command): readonly string[] {
  const end = args.findIndex((word) => HELP.has(word));
  return end < 0 ? [] : args.slice(0, end);
}

function check(command: Command): void {
  const words = wordsBeforeHelp(command);
  if (hasMoreFlags(command)) return void givenTo(command, words);
  const flag = words.find((word) => word.startsWith("-"));
  if (flag !== undefined) command.error(`error: unknown option '${flag}'`);
  const { registeredArguments } = command;
  const most = registeredArguments.at(-1)?.variadic ? Infinity : registeredArguments.length;
  const word = words[most];
  if (word !== undefined) command.error(`error: unknown ${command.commands.length > 0 ? "command" : "word"} '${word}'`);
}
