import type { EventStream } from "@rxbpf/core";
import { aggregationOf, type AnyProbe, flag, interval, UsageError } from "@rxbpf/probes";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { flagOf } from "../flags.js";
import { run } from "../run.js";

/** Adds a command for every probe, its flags made from the probe's options. */
export function addProbes(program: Command): void {
  // An option that takes a command takes all that follows it, flags too.
  program.enablePositionalOptions();
  for (const probe of catalogue.values()) addProbe(program, probe);
}

function addProbe(program: Command, probe: AnyProbe): void {
  const { name, summary, aggregations = {} } = probe.definition;
  const command = program.command(name).description(summary);
  const optionNames = new Map<string, string>();
  for (const [optionName, option] of Object.entries(probe.options)) {
    const flag = flagOf(optionName, option);
    command.addOption(flag);
    optionNames.set(flag.attributeName(), optionName);
    if (option.kind === "command") command.argument(`[${option.value}]`, option.help).passThroughOptions();
  }
  for (const [aggregationName, { help, short }] of Object.entries(aggregations))
    command.addOption(flagOf(aggregationName, flag(help, short === undefined ? {} : { short })));
  if (Object.keys(aggregations).length > 0) command.addOption(flagOf("interval", interval));
  command.option("--json", "write one JSON object a line");

  command.action(async () => {
    const { json, ...given } = command.opts<{ json?: boolean }>();
    const values: Record<string, unknown> = {};
    let operands: string[] | undefined = command.args;
    let stream: (options: Readonly<Record<string, unknown>>) => EventStream<unknown> = probe;
    for (const [flagName, value] of Object.entries(given)) {
      const optionName = optionNames.get(flagName) ?? flagName;
      const takesCommand = probe.options[optionName]?.kind === "command";
      if (optionName in aggregations) stream = aggregationOf(probe, optionName);
      else values[optionName] = takesCommand ? operands : value;
      if (takesCommand) operands = undefined;
    }
    if ("interval" in values && stream === probe)
      throw new UsageError(
        `--interval goes with ${Object.keys(aggregations)
          .map((one) => `--${one}`)
          .join(" or ")}`,
      );
    if (operands?.length) throw new UsageError(`${name} takes options only, not ${operands.join(" ")}`);
    await run(stream(values), { json: json === true, duration: values["duration"] as number | undefined });
  });
}
