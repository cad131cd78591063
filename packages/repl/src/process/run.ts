import { type EventStream, harmless, printable, type Status } from "@rxbpf/core";
import type { Command } from "@rxbpf/filters";
import { UsageError } from "@rxbpf/probes/define";
import { isScreen, toCsv, toJson, toStdout } from "@rxbpf/sinks";
import type { Command as CommandLine } from "commander";
import { last, lastValueFrom, type Observable, tap } from "rxjs";

import { besideOutput, NOWHERE, progressLine } from "../recordings/progress.js";
import { runCommand } from "./command.js";
import { endInOrder, hurrySinks } from "./ending.js";
import { cutShort, signals } from "./signals.js";

/** The flags for formats other than text. */
export interface FormatFlags {
  readonly json?: boolean | undefined;
  readonly csv?: boolean | undefined;
}

/** @param letters the letters of flags that have one */
export function addFormatFlags(
  command: CommandLine,
  letters: Readonly<Partial<Record<keyof FormatFlags, string>>> = {},
): void {
  const flags = (name: keyof FormatFlags): string => `${letters[name] ? `-${letters[name]}, ` : ""}--${name}`;
  command.option(flags("json"), "write one JSON object per line");
  command.option(flags("csv"), "write all fields as comma-separated values");
}

export interface RunOptions extends FormatFlags {
  /** After how many seconds the stream ends by itself, if that is known. */
  readonly duration?: number | undefined;
  /** Whether it ends by itself, so that a signal cuts it short. */
  readonly endsItself: boolean;
  /** Whether to show the progress on stderr, if stdout is a file. */
  readonly progress?: boolean | undefined;
  /** The command to run once the stream is attached: the stream ends with it, and this process takes its status. */
  readonly command?: Command | undefined;
}

/**
 * Writes a stream to stdout until it ends or a signal ends it. Its notices and losses go to stderr. After a signal, or after the
 * duration, a reader that reads nothing gets some seconds; before, it may take its time. A second signal has no handler, so it
 * ends the process at once. On a terminal, what replaces what was there before is redrawn in place, with keys.
 */
export async function run<E>(stream: EventStream<E>, options: RunOptions): Promise<void> {
  const { json, csv, duration, endsItself, command } = options;
  if (json && csv) throw new UsageError("--json and --csv exclude each other");
  // A command writes to the terminal too, and reads its keys.
  const isLive = !json && !csv && !command && stream.info.tableInPlace === true && isScreen(process.stdout);
  const ended = report(stream, { notices: !isLive || !process.stderr.isTTY });
  const ending = new AbortController();
  signals(command).subscribe((signal) => {
    if (endsItself) cutShort(signal, command);
    ending.abort();
    void endInOrder();
  });
  if (duration !== undefined) setTimeout(hurrySinks, duration * 1000).unref();
  const whole = command ? stream.until(runCommand(command).pipe(last())) : stream;
  try {
    if (isLive) {
      const { showOnTerminal } = await import("../live/on-terminal.js");
      await showOnTerminal(whole, ending.signal);
    } else await write(whole, options);
  } finally {
    ended();
  }
}

async function write<E>(stream: EventStream<E>, { json, csv, progress }: RunOptions): Promise<void> {
  const sink = json ? toJson<E>(process.stdout) : csv ? toCsv<E>(process.stdout) : toStdout<E>();
  const line = progressLine([stream.info.name], [""], progress ? besideOutput() : NOWHERE);
  try {
    await lastValueFrom(
      stream.pipe(
        sink,
        tap((value) => line.tell(0, value)),
      ),
      { defaultValue: undefined },
    );
  } finally {
    line.end();
  }
}

interface ReportOptions {
  /** What to do about losses of a full ring. */
  readonly advice?: string;
  /** Whether to write notices; by default they are. */
  readonly notices?: boolean;
}

const ADVICE = "a larger --ring-bytes keeps more";

/** Writes a stream's notices to stderr. The function that it returns writes what was lost. */
export function report(
  stream: { readonly status: Observable<Status> },
  { advice = ADVICE, notices = true }: ReportOptions = {},
): () => void {
  const lost = new Map<string, number>();
  const said = stream.status.subscribe((status) => {
    if (status.type === "notice" && notices) console.error(`rxbpf: ${harmless(status.message)}`);
    if (status.type === "lost") lost.set(status.reason, (lost.get(status.reason) ?? 0) + status.count);
  });
  return () => {
    said.unsubscribe();
    if (lost.size > 0) console.error(`rxbpf: ${lostText(lost, advice)}`);
  };
}

/** How many events were lost, by reason, and what to do. */
export function lostText(lost: ReadonlyMap<string, number>, advice = ADVICE): string {
  const parts = [...lost].map(([reason, count]) => `${count} (${printable(reason)})`);
  return `lost events: ${parts.join(", ")}${lost.has("ring full") ? `; ${advice}` : ""}`;
}
