import { type EventStream, printable } from "@rxbpf/core";
import type { CgroupView } from "@rxbpf/core/events";
import { recordedBy, UsageError } from "@rxbpf/probes/define";
import {
  type ExportOptions,
  exportParquet,
  type OutputOptions,
  type Progress,
  replay,
  type Target,
  toCsv,
  toFolded,
  toJson,
  toPprof,
  toSpeedscope,
  toTrace,
} from "@rxbpf/sinks";
import { type Command, Option } from "commander";
import { lastValueFrom, type Observable, type OperatorFunction, tap } from "rxjs";

import { endInOrder, expectReader } from "../process/ending.js";
import { addRecordedFlags, askedRecording } from "../flags/recorded-flags.js";
import { lostText, report } from "../process/run.js";
import { processesAt } from "../recordings/processes.js";
import { besideOutput, progressLine } from "../recordings/progress.js";
import { isSameFile } from "../recordings/same-file.js";
import { cutShort, signals } from "../process/signals.js";

interface ExportFormat {
  readonly help: string;
  /** Writes a stream. Parquet is made of a recording's columns instead. */
  readonly sink?: (target: Target, options: OutputOptions) => OperatorFunction<unknown, Progress>;
  /** Whether it is no text, and so not for a terminal. */
  readonly binary?: boolean;
  /** Whether it shows times to the nanosecond. */
  readonly nanoseconds?: boolean;
}

const FORMATS = {
  json: { help: "write one JSON object per line", sink: toJson },
  csv: { help: "write comma-separated values; lists as JSON", sink: toCsv },
  parquet: { help: "write a Parquet file of one probe; times are UTC, to the nanosecond", binary: true },
  trace: {
    help: "write a trace for Perfetto or Chrome: programs as spans, events as points",
    sink: toTrace,
    nanoseconds: true,
  },
  folded: { help: "write stacks as folded lines, for flame graphs", sink: toFolded },
  speedscope: { help: "write stacks as a file for speedscope", sink: toSpeedscope },
  pprof: { help: "write stacks as a profile for pprof, compressed", sink: toPprof, binary: true },
} as const satisfies Readonly<Record<string, ExportFormat>>;
type FormatName = keyof typeof FORMATS;
const NAMES = Object.keys(FORMATS) as FormatName[];
/** As a list in a sentence. */
const CHOICES = `${NAMES.slice(0, -1)
  .map((name) => `--${name}`)
  .join(", ")} and --${NAMES.at(-1)}`;

type Flags = { readonly [flag in FormatName | "processes" | "force"]?: boolean } & {
  readonly output?: string;
};

/** `rxbpf export`: recordings for programs that do not read Arrow files. */
export function addExport(program: Command): void {
  const command = program
    .command("export")
    .description("convert a recording for other programs; its probe's flags select events")
    .argument("<path>", "a recording, or a directory of recordings");
  for (const name of NAMES) command.addOption(new Option(`--${name}`, FORMATS[name].help));
  command
    .option("--processes", "with --json: write the processes that the recording can name, not the events")
    .option("-o, --output <file>", "where to write (default: stdout)")
    .option("--force", "replace the file if it exists");
  addRecordedFlags(command).action(async () => {
    const flags = command.opts<Flags>();
    const { path, of, values, asked } = askedRecording(command);
    const [name, ...others] = NAMES.filter((name) => flags[name]);
    if (!name || others.length > 0) throw new UsageError(`export takes one of ${CHOICES}`);
    const format: ExportFormat = FORMATS[name];
    const target = flags.output ?? process.stdout;
    const { force } = flags;
    if (flags.output !== undefined && isSameFile(path, flags.output))
      throw new UsageError("--output takes a file other than the recording");
    if (flags.processes && name !== "json") throw new UsageError("--processes goes with --json");
    // Without a selection there is a faster way.
    const isAsked = Object.keys(values).length > 0;
    const chosen = isAsked ? of : undefined;
    if (flags.processes && isAsked) throw new UsageError("--processes takes no flags of the probe");
    if (format.binary && target === process.stdout && process.stdout.isTTY)
      throw new UsageError(`--${name} does not write to a terminal; give --output FILE`);
    const screen = flags.output === undefined ? besideOutput() : process.stderr;
    const progress = progressLine([name], [flags.output ?? ""], screen);
    try {
      if (!format.sink) {
        await writeParquet(path, target, { ...asked, force, progress: (value) => progress.tell(0, value) });
      } else {
        const { nanoseconds } = format;
        const open = (view: CgroupView): EventStream<unknown> => replay(path, { ...view, nanoseconds });
        const stream = flags.processes
          ? processesAt(path)
          : chosen
            ? recordedBy(chosen.probe, chosen.output, open, values)
            : open(asked);
        const written = stream.pipe(format.sink(target, { force }));
        await write(stream, written.pipe(tap((value) => progress.tell(0, value))));
      }
    } finally {
      progress.end();
    }
  });
}

async function write(stream: EventStream<unknown>, written: Observable<Progress>): Promise<void> {
  const ended = report(stream);
  signals().subscribe((ending) => {
    cutShort(ending);
    void endInOrder();
  });
  try {
    await lastValueFrom(written, { defaultValue: undefined });
  } finally {
    ended();
  }
}

async function writeParquet(path: string, target: Target, options: ExportOptions): Promise<void> {
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
