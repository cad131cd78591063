import { Command, CommanderError } from "commander";

import { addProbes } from "./commands/probes.js";
import { addList } from "./commands/list.js";
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

try {
  if (process.argv.length === 2) program.help();
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : usage(error);
  else process.exitCode = fail(error);
}

/** One line for a command line that commander refused, with what would have been accepted. */
function usage(error: CommanderError): number {
  const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
  const command = program.commands.find((one) => one.name() === process.argv[2]);
  const accepted = command
    ? `${command.name()} takes ${command.options.map((option) => option.flags.split(",")[0]).join(" ")}`
    : `the commands are ${program.commands.map((one) => one.name()).join(" ")}`;
  console.error(`rxbpf: ${message}; ${accepted}`);
  return error.exitCode === FAILED || error.exitCode === WRONG_USAGE ? WRONG_USAGE : error.exitCode;
}
