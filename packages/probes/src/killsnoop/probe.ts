import os from "node:os";

import { column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { flag, integer, type Option, show, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { selecting } from "../define/selection.js";
import { clockTime } from "../define/times.js";
import { type KillEvent, killEvent } from "./schema.js";

const definition = define({
  name: "killsnoop",
  summary: "signals that processes send with kill",
  options: {
    failed: selecting(flag("only calls that failed", { short: "x" }), {
      constants: (failed) => ({ only_failed: failed }),
      matches: (failed, event: KillEvent) => !failed || event.ret < 0,
    }),
    ...whoOptions({ pid: "p" }),
    tpid: selecting(
      integer("only signals to the process TPID", { short: "T", value: "TPID", min: 1, max: 2 ** 31 - 1 }),
      {
        constants: (tpid) => ({ by_target: true, only_target: tpid }),
        matches: (tpid, event: KillEvent) => event.targetPid === tpid,
      },
    ),
    signal: selecting(
      signals("only SIGNALS: numbers or names, separated by commas", { short: "s", value: "SIGNALS" }),
      {
        constants: (only) => ({ by_signal: true, wanted_signals: marked(only) }),
        matches: (only, event: KillEvent) => only.includes(event.signal),
      },
    ),
  },
  variants: () => [{ programs: ["sys_exit"] }],
  outputs: ({ ring }) => ({
    events: ring(killEvent, {
      columns: () => [
        column("TIME", "%-9s ", clockTime),
        column("PID", "%-8d ", (e) => e.pid),
        column("COMM", "%-16s ", (e) => e.comm),
        column("SIG", "%-4d ", (e) => e.signal),
        column("TPID", "%-8d ", (e) => e.targetPid),
        column("RESULT", "%d", (e) => e.ret),
      ],
    }),
  }),
  main: "events",
});

/** Options of `killsnoop`. */
export interface KillsnoopOptions extends GivenTo<typeof definition> {}

/**
 * Signals that processes send with kill(2), also those of 32-bit programs.
 *
 * Options and columns are those of BCC's killsnoop. It differs where BCC's has faults: PID, and the option `pid`, mean the
 * process, not its thread; a call is shown whole or not at all, as nothing is stored between its start and its end; TIME is the
 * time of the event; a signal can be given by name; `failed` is decided in the kernel; the columns of process ids have room for
 * the longest.
 *
 * It costs each system call of the machine about 50 ns, to call a program that compares a number, by the kernel's count
 * (`sysctl kernel.bpf_stats_enabled=1`, `bpftool prog`).
 *
 * Not seen: signals sent with tkill, tgkill, rt_sigqueueinfo and pidfd_send_signal, and those of the kernel itself. The target
 * is the number that the caller gave: in another pid namespace, that is not a process id of the machine.
 */
export const killsnoop: ProbeOf<typeof definition, KillsnoopOptions, KillEvent> = probe(definition);

const LAST_SIGNAL = 64;

/** Signals by number or name, with or without SIG, as a list or as text with commas. The value is a list of numbers. */
function signals(help: string, names: { short: string; value: string }): Option<readonly number[]> {
  return {
    kind: "text",
    help,
    ...names,
    parse(given, name) {
      const parts: unknown[] = typeof given === "string" ? given.split(",") : [given].flat();
      const numbers = parts.map(signalNumber);
      if (numbers.length === 0 || numbers.includes(undefined))
        throw new UsageError(
          `${name} takes signals from 0 to ${LAST_SIGNAL} or their names, separated by commas, not ${show(given)}`,
        );
      return numbers as number[];
    },
  };
}

const NUMBERS: Readonly<Record<string, number>> = os.constants.signals;

function signalNumber(given: unknown): number | undefined {
  const text = String(given);
  const number = /^\d+$/.test(text) ? Number(text) : (NUMBERS[text] ?? NUMBERS[`SIG${text}`]);
  return number !== undefined && number <= LAST_SIGNAL ? number : undefined;
}

/** One byte for each signal: 1 if it is wanted. */
function marked(signals: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: LAST_SIGNAL + 1 }, (_, signal) => Number(signals.includes(signal)));
}
