import os from "node:os";

import type { Table } from "@rxbpf/core";
import { column } from "@rxbpf/core/events";

import { common, tableOptions, whoOptions } from "../define/common.js";
import { command, flag, type Option, show, text, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { clockTime } from "../define/times.js";
import { topOptions } from "../define/top.js";
import { callName, callNames, callNumbers } from "./names.js";
import { type CallCount, callCount, callKey } from "./schema.js";

const { interval, rows } = tableOptions;

const definition = define({
  name: "syscount",
  summary: "how many system calls are made, by call or by process",
  options: {
    ...topOptions,
    ...whoOptions({ pid: "p", tid: "t", ppid: "c" }),
    interval: { ...interval, short: "i" },
    duration: { ...common.duration, short: "d" },
    rows: { ...rows, help: "show only the first N rows of each table (default 10)", short: "T", long: "top" },
    failures: flag("only calls that failed", { short: "x" }),
    errno: errorNumber("only calls that failed with ERRNO, a number or a name", { short: "e", value: "ERRNO" }),
    latency: flag("also measure how long calls take", { short: "L" }),
    milliseconds: showing(flag("show milliseconds, not microseconds", { short: "m" })),
    process: flag("count by process, not by call", { short: "P" }),
    syscall: callOption("only the system call NAME", { value: "NAME" }),
    exec: command("run COMMAND and count only its calls; end when it ends", { value: "COMMAND..." }),
  },
  lists: { list: { short: "l", help: "list the names of the known calls, and exit", lines: callNames } },
  check({ pid, exec }) {
    if (pid !== undefined && exec) throw new UsageError("pid and exec exclude each other");
  },
  variants: ({ latency }) => [{ programs: [...(latency ? ["sys_enter"] : []), "sys_exit", "interrupted"] }],
  constants({ failures, errno, latency, process, syscall }) {
    const numbers = syscall === undefined ? undefined : callNumbers(syscall);
    return {
      by_process: process,
      with_latency: latency,
      only_failed: failures,
      only_errno: errno === undefined ? undefined : Number(errno),
      by_call: numbers !== undefined,
      only_call: numbers?.own,
      only_compat_call: numbers?.compat,
    };
  },
  outputs: ({ table }) => ({
    calls: table("calls", {
      key: callKey,
      value: callCount,
      rows: 10,
      ofProcessWith: ["process"],
      perCpu: ({ process }) => !process,
      entries: ({ process }) => (process ? undefined : 2048),
      order:
        ({ latency }) =>
        (a: CallCount, b: CallCount) =>
          latency ? b.timeNs - a.timeNs : b.count - a.count,
      mapRows:
        ({ process }) =>
        (row: CallCount) => ({ ...row, name: process ? "" : callName(row.call, row.compat) }),
      banner: "Tracing syscalls... Ctrl+C to quit.",
      inPlace: ({ noclear, interval, exec }) => !noclear && interval !== undefined && !exec,
      heading: () => (table: Table<CallCount>) => `[${clockTime(table)}]`,
      columns: ({ latency, milliseconds, process }) => [
        process
          ? column("PID", "%-6d ", (row: CallCount) => row.pid)
          : column("SYSCALL", "%-22s ", (row: CallCount) => row.name),
        process && column("COMM", "%-15s ", (row: CallCount) => row.comm),
        column("COUNT", "%8d", (row: CallCount) => row.count),
        latency &&
          (milliseconds
            ? column("TIME (ms)", " %16.6f", (row: CallCount) => row.timeNs / 1e6)
            : column("TIME (us)", " %16.3f", (row: CallCount) => row.timeNs / 1e3)),
      ],
    }),
  }),
  main: "calls",
});

/** Options of `syscount`. */
export interface SyscountOptions extends GivenTo<typeof definition> {}

/**
 * How many system calls are made, by call or by process, and with `latency` how long they take: exactly those that ended since
 * the last table, or in all. Text shows the first ten rows of each table and other sinks get all rows, unless `rows` sets a
 * number.
 *
 * Options and columns are those of BCC's syscount. It differs where BCC's has faults: a 32-bit call is named as one; fork and
 * clone are counted once, not again when the child returns; a call that a signal interrupts is counted once: as failed if its
 * process gets EINTR, and not as failed if it is made again; `errno` knows all names of an error; a process that has ended is
 * named.
 *
 * A call is counted when it ends. Not counted: exit, exit_group and rt_sigreturn, which do not return to their caller; and with
 * `latency`, calls that were under way when the probe was attached.
 *
 * It costs each system call of the machine about 70 ns by the kernel's count (`sysctl kernel.bpf_stats_enabled=1`,
 * `bpftool prog`); with `latency`, 170 ns.
 */
export const syscount: ProbeOf<typeof definition, SyscountOptions, Table<CallCount>> = probe(definition);

const ERRNOS: Readonly<Record<string, number>> = os.constants.errno;

/** An error by number or by name. The checked value is the number. */
function errorNumber(help: string, names: { short: string; value: string }): Option<number | string> {
  return {
    kind: "text",
    help,
    ...names,
    parse(given, name) {
      const number = /^\d+$/.test(String(given)) ? Number(given) : ERRNOS[String(given)];
      if (number === undefined || number < 1 || number > 4095)
        throw new UsageError(`${name} takes an error's number or name, such as ENOENT, not ${show(given)}`);
      return number;
    },
  };
}

/** A call by its name. */
function callOption(help: string, names: { value: string }): Option<string> {
  const option = text(help, names);
  return {
    ...option,
    parse(given, name) {
      const call = option.parse(given, name);
      const { own, compat } = callNumbers(call);
      if (own < 0 && compat < 0) throw new UsageError(`${name} takes a name that --list shows, not ${show(call)}`);
      return call;
    },
  };
}
