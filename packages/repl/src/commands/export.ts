import { statSync } from "node:fs";

import { type EventStream, printable } from "@rxbpf/core";
import { recordedBy, recordedMatcher, UsageError } from "@rxbpf/probes/define";
import { type ExportOptions, exportParquet, replay, type Target, toCsv, toJson } from "@rxbpf/sinks";
import type { Command } from "commander";
import { lastValueFrom } from "rxjs";

import { endInOrder, expectReader } from "../process/ending.js";
import { addRecordedFlags, askedRecording } from "../flags/recorded-flags.js";
import { lostText, report } from "../process/run.js";
import { processesAt } from "../recordings/processes.js";
import { cutShort, signals } from "../process/signals.js";

const FORMATS = ["json", "csv", "parquet"] as const;

type Flags = { readonly [flag in (typeof FORMATS)[number] | "processes" | "force"]?: boolean } & {
  readonly output?: string;
};

/** `rxbpf export`: recordings for programs that do not read Arrow files. */
export function addExport(program: Command): void {
  const command = program
    .command("export")
    .description("convert a recording to JSON, CSV or Parquet; its probe's flags select events")
    .argument("<path>", "a recording, or a directory of recordings")
    .option("--json", "write one JSON object per line")
    .option("--csv", "write comma-separated values; lists as JSON")
    .option("--parquet", "write a Parquet file of one probe; times are UTC, to the nanosecond")
    .option("--processes", "with --json: write the processes that the recording can name, not the events")
    .option("-o, --output <file>", "where to write (default: stdout)")
    .option("--force", "replace the file if it exists");
  addRecordedFlags(command).action(async () => {
    const flags = command.opts<Flags>();
    const { path, of, values } = askedRecording(command);
    const [format, ...others] = FORMATS.filter((name) => flags[name]);
    if (!format || others.length > 0) throw new UsageError("export takes one of --json, --csv and --parquet");
    const target = flags.output ?? process.stdout;
    const { force } = flags;
    if (flags.output !== undefined && isSameFile(path, flags.output))
      throw new UsageError("--output takes a file other than the recording");
    if (flags.processes && format !== "json") throw new UsageError("--processes goes with --json");
    // Without a selection there is a faster way.
    const chosen = Object.keys(values).length > 0 ? of : undefined;
    if (flags.processes && chosen) throw new UsageError("--processes takes no flags of the probe");
    if (format === "parquet") {
      const matches = chosen && recordedMatcher(chosen.probe, chosen.output, values);
      await writeParquet(path, target, { force, matches });
    } else {
      const all: EventStream<unknown> = flags.processes ? processesAt(path) : replay(path);
      const stream = chosen ? recordedBy(chosen.probe, all, values) : all;
      await writeLines(stream, (format === "json" ? toJson : toCsv)(target, { force }));
    }
  });
}

async function writeLines(stream: EventStream<unknown>, sink: ReturnType<typeof toCsv<unknown>>): Promise<void> {
  const ended = report(stream);
  signals().subscribe((ending) => {
    cutShort(ending);
    void endInOrder();
  });
  try {
    await lastValueFrom(stream.pipe(sink), { defaultValue: undefined });
  } finally {
    ended();
  }
}

async function writeParquet(path: string, target: Target, options: ExportOptions): Promise<void> {
  if (target === process.stdout && process.stdout.isTTY)
    throw new UsageError("--parquet does not write to a terminal; give --output FILE");
  const ending = new AbortController();
  const stopped = signals().subscribe((signal) => {
    cutShort(signal);
    ending.abort();
    if (target === process.stdout) expectReader();
  });
  try {
    const { lost, unfinished } = await exportParquet(path, target, { ...options, signal: ending.signal });
    for (const file of unfinished) console.error(`rxbpf: ${printable(file)} was not finished`);
    if (lost.size > 0) console.error(`rxbpf: ${lostText(lost)}`);
  } catch (error) {
    // The reader is gone.
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== "EPIPE") throw error;
  } finally {
    stopped.unsubscribe();
  }
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
