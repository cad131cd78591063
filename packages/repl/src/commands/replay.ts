import type { EventStream } from "@rxbpf/core";
import type { CgroupView } from "@rxbpf/core/events";
import { recordedBy, UsageError } from "@rxbpf/probes/define";
import { replayNats } from "@rxbpf/ship";
import { replay, type Series } from "@rxbpf/sinks";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { mergedColumns } from "../recordings/merged.js";
import { addRecordedFlags, askedRecording, askedServer } from "../flags/recorded-flags.js";
import { checkWhere } from "../flags/where.js";
import { addFormatFlags, type FormatFlags, run } from "../process/run.js";

/** `rxbpf replay`: a recording as the live run would have shown it. */
export function addReplay(program: Command): void {
  const command = program
    .command("replay")
    .description("show a recording as its probe would have shown it live; takes that probe's flags")
    .argument("<path>", "a recording, a directory of recordings, or nats://SERVER/PROBE")
    .option("--speed <N>", "replay at N times the recorded pace (default: as fast as possible)", speedOf);
  command
    .option("--live", "from a server: go on with what arrives, from now on or from --from")
    .option("--from <time>", "from a server: only what arrived from then on, as 2026-11-26T09:00:00Z", timeOf)
    .option("--credentials <file>", "for a server: take credentials from a file, as lines NAME=VALUE");
  addFormatFlags(command);
  addRecordedFlags(command).action(async () => {
    const { speed, json, csv, live, from, credentials } = command.opts<Flags>();
    const server = askedServer(command);
    if (server) {
      if (speed !== undefined) throw new UsageError("--speed is for recordings, not for servers");
      const { of, values } = server;
      if (of) await checkWhere(of.probe, of.output, values);
      const stream = await replayNats<unknown>(server.url, { live, from, credentials });
      const shown = of ? recordedBy(of.probe, of.output, (view) => unviewed(stream, view), values) : stream;
      return run(shown, { json, csv, endsItself: !live });
    }
    if (live || from || credentials) throw new UsageError("--live, --from and --credentials are for servers");
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

/** A server's events as they are: names of cgroups are in the recordings' snapshots, and may be in batches that came before. */
function unviewed(stream: EventStream<unknown>, { show = [], inside }: CgroupView): EventStream<unknown> {
  if (show.length > 0 || inside)
    throw new UsageError("--show and flags that name cgroups are for recordings, not for servers");
  return stream;
}

interface Flags extends FormatFlags {
  readonly speed?: number;
  readonly live?: boolean;
  readonly from?: Date;
  readonly credentials?: string;
}

function timeOf(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`--from takes a time such as 2026-11-26T09:00:00Z, not ${JSON.stringify(text)}`);
  return time;
}

function speedOf(text: string): number {
  const speed = Number(text);
  if (!(speed > 0)) throw new UsageError(`--speed takes a number above 0, not ${JSON.stringify(text)}`);
  return speed;
}
