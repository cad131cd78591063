import { type EventStream, harmless, printable, type Status } from "@rxbpf/core";
import type { Command } from "@rxbpf/filters";
import { UsageError } from "@rxbpf/probes/define";
import { toCsv, toJson, toStdout } from "@rxbpf/sinks";
import type { Command as CommandLine } from "commander";
import { last, lastValueFrom, type Observable } from "rxjs";

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
  /** The command to run once the stream is attached: the stream ends with it, and this process takes its status. */
  readonly command?: Command | undefined;
}

/**
 * Writes a stream to stdout until it ends or a signal ends it. Its notices and losses go to stderr. After a signal, or after the
 * duration, a reader that reads nothing gets some seconds; before, it may take its time. A second signal has no handler, so it
 * ends the process at once.
 */
export async function run<E>(
  stream: EventStream<E>,
  { json, csv, duration, endsItself, command }: RunOptions,
): Promise<void> {
  if (json && csv) throw new UsageError("--json and --csv exclude each other");
  const sink = json ? toJson<E>(process.stdout) : csv ? toCsv<E>(process.stdout) : toStdout<E>();
  const ended = report(stream);
  signals(command).subscribe((ending) => {
    if (endsItself) cutShort(ending, command);
    void endInOrder();
  });
  if (duration !== undefined) setTimeout(hurrySinks, duration * 1000).unref();
  const whole = command ? stream.until(runCommand(command).pipe(last())) : stream;
  try {
    await lastValueFrom(whole.pipe(sink), { defaultValue: undefined });
  } finally {
    ended();
  }
}

/**
 * Writes a stream's notices to stderr. The function that it returns writes what was lost.
 * @param advice what to do about losses of a full ring
 */
export function report(
  stream: { readonly status: Observable<Status> },
  advice = "a larger --ring-bytes keeps more",
): () => void {
  const lost = new Map<string, number>();
  const said = stream.status.subscribe((status) => {
    if (status.type === "notice") console.error(`rxbpf: ${harmless(status.message)}`);
    if (status.type === "lost") lost.set(status.reason, (lost.get(status.reason) ?? 0) + status.count);
  });
  return () => {
    said.unsubscribe();
    if (lost.size > 0) console.error(`rxbpf: ${lostText(lost, advice)}`);
  };
}

/** How many events were lost, by reason, and what to do. */
export function lostText(lost: ReadonlyMap<string, number>, advice = "a larger --ring-bytes keeps more"): string {
  const parts = [...lost].map(([reason, count]) => `${count} (${printable(reason)})`);
  return `lost events: ${parts.join(", ")}${lost.has("ring full") ? `; ${advice}` : ""}`;
}
