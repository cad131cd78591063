import { Command, CommanderError } from "commander";

import { addCgroupid } from "./commands/cgroupid.js";
import { addList } from "./commands/list.js";
import { addMap } from "./commands/map.js";
import { addProbes } from "./commands/probes.js";
import { fail, FAILED, WRONG_USAGE } from "./exit.js";
import { version } from "./version.js";

const program = new Command("rxbpf")
  .description("Kernel events as observables: trace with BCC's tools by name, in one container if you like.")
  .version(version(), "-V, --version", "print the version")
  .helpCommand(false)
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ outputError: () => {} });

addProbes(program);
addList(program);
addCgroupid(program);
addMap(program);

try {
  if (process.argv.length === 2) program.help();
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : usage(error);
  else process.exitCode = fail(error);
}

/** One line for a command line that commander refused, with what would have been accepted. */
function usage(error: CommanderError): number {
  // The help that was printed in place of a missing subcommand says all.
  if (error.code === "commander.help") return WRONG_USAGE;
  const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
  const command = process.argv
    .slice(2)
    .reduce<Command>((at, word) => at.commands.find((one) => one.name() === word) ?? at, program);
  const accepted =
    command.commands.length > 0
      ? `the commands are ${command.commands.map((one) => one.name()).join(" ")}`
      : `${command.name()} takes ${[...command.registeredArguments.map((one) => one.name()), ...command.options.map((one) => one.flags.split(",")[0])].join(" ")}`;
  console.error(`rxbpf: ${message}; ${accepted}`);
  return error.exitCode === FAILED || error.exitCode === WRONG_USAGE ? WRONG_USAGE : error.exitCode;
}
