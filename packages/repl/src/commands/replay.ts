import { type EventStream, printable } from "@rxbpf/core";
import { recordedBy, recordedOptions, UsageError } from "@rxbpf/probes";
import { replay, type Series, seriesAt } from "@rxbpf/sinks";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { addFlags } from "../flags.js";
import { mergedColumns } from "../merged.js";
import { run } from "../run.js";

/** `rxbpf replay`: a recording as the live run would have shown it. Its flags are those of the probe in the file. */
export function addReplay(program: Command): void {
  program
    .command("replay")
    .description("show a recording as its probe would have, with flags of that probe: rxbpf replay FILE --help")
    .argument("<path>", "a recording, or a directory of recordings")
    .argument("[flags...]", "--speed N, --json, and flags of the probe")
    .helpOption(false)
    .passThroughOptions()
    .action(async (path: string, flags: string[], _options: object, command: Command) => {
      if (path === "--help" || path === "-h") command.help();
      await replayFile(command, path, flags);
    });
}

async function replayFile(parent: Command, path: string, flags: readonly string[]): Promise<void> {
  const series = seriesAt(path);
  const name = series[0][0].info.probe;
  const probe = series.length === 1 ? catalogue.get(name) : undefined;
  // A parser of its own: which flags there are depends on the file.
  const command = parent
    .createCommand(`rxbpf replay ${printable(path)}`)
    .description(
      probe ? `recorded by ${name}: ${probe.definition.summary}` : "recorded by several probes, or by none here",
    )
    .option("--speed <N>", "N times the recorded pace; as fast as can be if not given", speedOf)
    .option("--json", "write one JSON object a line")
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const values = addFlags(
    command,
    probe ? recordedOptions(probe, series[0][0].info.output || probe.definition.main) : {},
  );
  command.parse([...flags], { from: "user" });
  const { speed, json } = command.opts<{ speed?: number; json?: boolean }>();
  const stream = replay<unknown>(path, { speed });
  const shown = probe ? recordedBy(probe, stream, values()) : series.length > 1 ? merged(stream, series) : stream;
  await run(shown, { json: json === true, endsItself: true });
}

function merged(stream: EventStream<unknown>, series: readonly Series[]): EventStream<unknown> {
  return stream.mapEvents({ ...stream.info, columns: () => mergedColumns(series, catalogue) }, (row) => row);
}

function speedOf(text: string): number {
  const speed = Number(text);
  if (!(speed > 0)) throw new UsageError(`--speed takes a number above 0, not ${JSON.stringify(text)}`);
  return speed;
}
