import { type AnyProbe, flag, type Options, outputOf, UsageError } from "@rxbpf/probes/define";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { flagsOf, givenByFlags, OptionFlag } from "../flags/flags.js";
import { addFormatFlags, type FormatFlags, run } from "../process/run.js";
import { COMMAND_HELP, withCommand } from "../flags/traced.js";
import { checkWhere, noWhere } from "../flags/where.js";

/**
 * Adds a command for every probe, with flags made from the probe's options.
 * @param traced the words after `--`
 */
export function addProbes(program: Command, traced: readonly string[] | undefined): void {
  // An option that takes a command takes everything after it, flags too.
  program.enablePositionalOptions();
  for (const probe of catalogue.values()) addProbe(program, probe, traced);
}

function addProbe(program: Command, probe: AnyProbe, traced: readonly string[] | undefined): void {
  const { name, summary, main, positional = [], lists = {}, csvLetter } = probe.definition;
  const operands = positional.map((optionName) => `[${optionName}]`);
  const command = program
    .command(name)
    .description(`${summary}\n\n${COMMAND_HELP}`)
    .summary(summary)
    .usage(["[flags]", ...operands, "[-- COMMAND [ARGS...]]"].join(" "));
  const others = Object.entries(probe.outputs).filter(([output]) => output !== main);
  const options = Object.assign({}, ...Object.keys(probe.outputs).map((output) => probe.optionsOf(output))) as Options;
  const optionNames = new Map<string, string>();
  for (const [optionName, option] of Object.entries(givenByFlags(options))) {
    for (const flag of flagsOf(optionName, option)) {
      command.addOption(flag);
      optionNames.set(flag.attributeName(), optionName);
    }
    if (option.kind === "command") command.argument(`[${option.value}]`, option.help).passThroughOptions();
  }
  if (!optionNames.has("where")) command.addOption(noWhere(name));
  for (const optionName of positional) command.argument(`[${optionName}]`, options[optionName]!.help);
  for (const [output, { help = "", short }] of others)
    command.addOption(new OptionFlag(output, flag(help, short === undefined ? {} : { short })));
  addFormatFlags(command, csvLetter === undefined ? {} : { csv: csvLetter });
  for (const [listName, { help, short }] of Object.entries(lists))
    command.addOption(new OptionFlag(listName, flag(help, short === undefined ? {} : { short })));

  command.action(async () => {
    const { json, csv, ...given } = command.opts<FormatFlags>();
    const list = Object.keys(lists).find((listName) => listName in given);
    if (list !== undefined) return console.log(lists[list]!.lines().join("\n"));
    const values: Record<string, unknown> = {};
    let operands = command.args;
    let asked = main;
    for (const [flagName, value] of Object.entries(given)) {
      const optionName = optionNames.get(flagName) ?? flagName;
      const takesCommand = options[optionName]?.kind === "command";
      if (!(optionName in options)) asked = optionName;
      else values[optionName] = takesCommand ? operands : value;
      if (takesCommand) operands = [];
    }
    for (const optionName of positional.slice(0, operands.length))
      values[optionName] = options[optionName]!.parse(operands.shift(), optionName);
    if (operands.length > 0) throw new UsageError(`${name} takes options only, not ${operands.join(" ")}`);
    requireOptionsOf(probe, asked, values);
    await checkWhere(probe, asked, values);
    const { duration, tables } = values as { readonly duration?: number; readonly tables?: number };
    await withCommand(traced, values, async (command, within) => {
      await run(outputOf(probe, asked)({ ...values, ...within }), {
        json,
        csv,
        duration,
        endsItself: (duration ?? tables ?? command) !== undefined,
        command,
      });
    });
  });
}

/** @throws UsageError for an option that only another output has */
function requireOptionsOf(probe: AnyProbe, output: string, values: Readonly<Record<string, unknown>>): void {
  const own = probe.optionsOf(output);
  for (const name of Object.keys(values).filter((one) => !(one in own))) {
    const having = Object.keys(probe.outputs).filter((one) => name in probe.optionsOf(one));
    const flags = having.map((one) => (one === probe.definition.main ? `${probe.definition.name} alone` : `--${one}`));
    throw new UsageError(`--${name} goes with ${flags.join(" or ")}`);
  }
}
