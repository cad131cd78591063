import type { EventStream } from "@rxbpf/core";
import type { CgroupView } from "@rxbpf/core/events";
import { recordedBy, UsageError } from "@rxbpf/probes/define";
import { replay, type Series } from "@rxbpf/sinks";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { mergedColumns } from "../recordings/merged.js";
import { addRecordedFlags, askedRecording } from "../flags/recorded-flags.js";
import { checkWhere } from "../flags/where.js";
import { addFormatFlags, type FormatFlags, run } from "../process/run.js";

/** `rxbpf replay`: a recording as the live run would have shown it. */
export function addReplay(program: Command): void {
  const command = program
    .command("replay")
    .description("show a recording as its probe would have shown it live; takes that probe's flags")
    .argument("<path>", "a recording, or a directory of recordings")
    .option("--speed <N>", "replay at N times the recorded pace (default: as fast as possible)", speedOf);
  addFormatFlags(command);
  addRecordedFlags(command).action(async () => {
    const { speed, json, csv } = command.opts<{ speed?: number } & FormatFlags>();
    const { path, series, of, values, asked } = askedRecording(command);
    if (of) await checkWhere(of.probe, of.output, values);
    const open = (view: CgroupView): EventStream<unknown> => replay<unknown>(path, { speed, ...view });
    const shown = of
      ? recordedBy(of.probe, of.output, open, values)
      : series.length > 1
        ? merged(open(asked), series, asked)
        : open(asked);
    await run(shown, { json, csv, endsItself: true, progress: true });
  });
}

function merged(stream: EventStream<unknown>, series: readonly Series[], view: CgroupView): EventStream<unknown> {
  return stream.mapEvents({ ...stream.info, columns: () => mergedColumns(series, catalogue, view) }, (row) => row);
}

function speedOf(text: string): number {
  const speed = Number(text);
  if (!(speed > 0)) throw new UsageError(`--speed takes a number above 0, not ${JSON.stringify(text)}`);
  return speed;
}
