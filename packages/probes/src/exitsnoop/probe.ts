import os from "node:os";

import { column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { flag, type Option, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { selecting, showing } from "../define/selection.js";
import { clockTime } from "../define/times.js";
import { type ExitEvent, exitEvent } from "./schema.js";

const definition = define({
  name: "exitsnoop",
  summary: "processes that exit, and why",
  options: {
    timestamp: showing(flag("show the time of day", { short: "t" })),
    utc: showing(flag("show the time of day in UTC")),
    ...whoOptions({ pid: "p" }),
    label: showing(label("add a column with LABEL, or with the word exit if LABEL is empty")),
    failed: selecting(flag("only exits by a signal or with an exit code other than 0", { short: "x" }), {
      constants: (failed) => ({ only_failed: failed }),
      matches: (failed, event: ExitEvent) => !failed || event.exitCode !== 0 || event.signal !== 0,
    }),
    perThread: flag("show the exit of each thread"),
  },
  variants: () => [{ programs: ["thread_exit"] }],
  constants: ({ perThread }) => ({ per_thread: perThread }),
  outputs: ({ ring }) => ({
    events: ring(exitEvent, {
      columns: ({ timestamp, utc, label }) => [
        (timestamp || utc) && column(`TIME-${utc ? "UTC" : timeZone()}`, "%-13s", utc ? utcTime : localTime),
        label !== undefined && column("LABEL", "%-6s", () => label || "exit"),
        column("PCOMM", "%-16s ", (e) => e.comm),
        column("PID", "%-7d ", (e) => e.pid),
        column("PPID", "%-7d ", (e) => e.ppid),
        column("TID", "%-7d ", (e) => e.tid),
        column("AGE(s)", "%-7.2f ", (e) => e.ageUs / 1e6),
        column("EXIT_CODE", "%s", cause, "%-10s"),
      ],
    }),
  }),
  main: "events",
});

/** Options of `exitsnoop`. */
export interface ExitsnoopOptions extends GivenTo<typeof definition> {}

/**
 * Processes that exit, with their age and the reason: an exit code, or a signal. With `perThread`, each thread that exits.
 *
 * Joined with `execsnoop`, it shows the whole life of a program: `exitsnoop().pipe(joinBy({ exec: execsnoop() }, (e) => e.execId))`.
 *
 * Options and columns are those of BCC's exitsnoop. It differs where BCC's has faults: a process exits with its last thread,
 * even if its first thread exited before; an exec by another thread is no exit; the status is the one that wait(2) gives, not
 * that of the last thread; with `pid`, the probe runs until you end it; times are those of the event; the age includes time
 * that the machine slept; real-time signals have names. In the event of a process, `tid` and `comm` are those of its first
 * thread.
 *
 * It costs each exit 5 to 6 µs by the kernel's count (`sysctl kernel.bpf_stats_enabled=1`, `bpftool prog`), and nothing else.
 * It sees every exit, also of kernel threads.
 */
export const exitsnoop: ProbeOf<typeof definition, ExitsnoopOptions, ExitEvent> = probe(definition);

/** A text that may be empty. */
function label(help: string): Option<string> {
  return {
    kind: "text",
    help,
    value: "LABEL",
    parse: (given, name) => {
      if (typeof given !== "string") throw new UsageError(`${name} takes a string`);
      return given;
    },
  };
}

function timeZone(): string {
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts();
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

function localTime(event: ExitEvent): string {
  return `${clockTime(event)}.${utcTime(event).slice(-3)}`;
}

function utcTime({ time }: ExitEvent): string {
  return new Date(time).toISOString().slice(11, 23);
}

function cause({ exitCode, signal, coreDumped }: ExitEvent): string {
  if (signal === 0) return exitCode === 0 ? "0" : `code ${exitCode}`;
  return `signal ${signal} (${signalName(signal)})${coreDumped ? ", core dumped" : ""}`;
}

/** Of two names for one signal, the first. */
const NAMES = new Map(
  Object.entries(os.constants.signals)
    .map(([name, number]) => [number, name.slice("SIG".length)] as const)
    .reverse(),
);
/** The first real-time signal for programs: the C library keeps two for itself. */
const FIRST_REAL_TIME = 34;

function signalName(number: number): string {
  return NAMES.get(number) ?? (number < FIRST_REAL_TIME ? "unknown" : `RTMIN+${number - FIRST_REAL_TIME}`);
}
