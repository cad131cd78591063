import { UsageError } from "@rxbpf/probes/define";
import { writeError } from "@rxbpf/sinks";
import { type Command, CommanderError } from "commander";

import { conclude } from "./process/conclude.js";
import { endInOrder } from "./process/ending.js";
import { fail, WRONG_USAGE } from "./process/exit.js";
import { makeProgram } from "./program.js";
import { watchStandardStreams } from "./process/standard.js";
import { splitCommandLine } from "./flags/traced.js";

const { words, traced } = splitCommandLine(process.argv.slice(2));
const program = makeProgram(traced);

watchStandardStreams((error) => (process.exitCode = fail(writeError("stdout", error))));
// A bug: tell where it is. What runs still ends in good order.
process.on("uncaughtException", (error) => {
  process.exitCode = fail(error);
  if (!("errno" in error)) console.error(error.stack);
  void endInOrder();
});

// Not awaited: the bundle is CommonJS.
void conclude(async () => {
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) process.exitCode = usage(error);
  }
}, fail);

/** One line for a command line that commander refused, with a hint to what it would accept. */
function usage(error: CommanderError): number {
  // For a missing subcommand, commander has printed the help.
  if (error.code === "commander.help") return WRONG_USAGE;
  const message = error.message
    .replace(/^error: /, "")
    .replace(/\n(?=\(Did you mean)/, " ")
    .replace(/\.$/, "")
    .replace(NO_CHOICE, (_, word: string, argument: string, flag: string, value: string, choices: string) => {
      return `${flag ?? `<${argument}>`} takes one of ${choices.replaceAll(",", "")}, not ${JSON.stringify(word ?? value)}`;
    });
  const path = commandPath();
  const last = path.at(-1)!;
  const shown = new Set(last.createHelp().visibleCommands(last));
  const subcommands = last.commands.filter((one) => shown.has(one)).map((one) => one.name());
  const accepted =
    subcommands.length > 0
      ? `the commands are ${subcommands.join(" ")}`
      : `see: ${path.map((one) => one.name()).join(" ")} --help`;
  return fail(new UsageError(`${message}; ${accepted}`));
}

/** What commander says of a value that is not among the choices of an argument, or of a flag. */
const NO_CHOICE =
  /^(?:command-argument value '(.*)' is invalid for argument '(.*)'|option '.*(--[\w-]+).*' argument '(.*)' is invalid)\. Allowed choices are (.*)$/s;

/** The commands that the command line names, the outermost first. */
function commandPath(): Command[] {
  const path = [program];
  for (const word of words[0] === "help" ? words.slice(1) : words) {
    const next = path.at(-1)!.commands.find((one) => one.name() === word);
    if (!next) break;
    path.push(next);
  }
  return path;
}
