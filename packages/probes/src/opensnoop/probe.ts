import { column } from "@rxbpf/core/events";

import { common, whoOptions } from "../define/common.js";
import { withIoUring } from "../define/io-uring.js";
import { command, flag, integer, list, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { selecting, showing } from "../define/selection.js";
import { sinceFirst } from "../define/times.js";
import { FLAG_NAMES, FLAGS, meaningOf, type OpenFlag } from "./flags.js";
import { type OpenEvent, openEvent } from "./schema.js";

const definition = define({
  name: "opensnoop",
  summary: "files that processes open",
  options: {
    timestamp: showing(flag("show the time since the first event", { short: "T" })),
    printUid: showing(flag("show the user id", { short: "U" })),
    failed: selecting(flag("only opens that failed", { short: "x" }), {
      constants: (failed) => ({ only_failed: failed }),
      matches: (failed, event: OpenEvent) => !failed || event.ret < 0,
    }),
    ...whoOptions({ pid: "p", tid: "t", uid: "u", comm: { short: "n", alias: "name" } }),
    extendedFields: showing(flag("show flags and mode", { short: "e", long: "extended_fields" })),
    flagFilter: selecting(
      list("only opens with FLAG, such as O_CREAT; can be repeated", {
        short: "f",
        long: "flag_filter",
        value: "FLAG",
        allowed: FLAG_NAMES,
      }),
      {
        constants: (flags) => ({
          by_flags: flags.length > 0,
          only_flags: flags.reduce((mask, flag) => mask | bitOf(flag), 0),
          only_access_modes: flags.reduce((modes, flag) => modes | accessModeBit(flag), 0),
        }),
        matches: (flags, event: OpenEvent) => flags.length === 0 || flags.some((flag) => hasFlag(event.flags, flag)),
      },
    ),
    fullPath: flag("show full paths; of an opened file, its own path with links resolved", { short: "F" }),
    duration: { ...common.duration, short: "d" },
    bufferPages: integer("size of the ring buffer in pages", { short: "b", value: "PAGES", min: 1, max: 2 ** 18 }),
    exec: command("run COMMAND and trace its process, not its children; end when it ends", {
      value: "COMMAND...",
    }),
  },
  check({ pid, exec }) {
    if (pid !== undefined && exec) throw new UsageError("pid and exec exclude each other");
  },
  variants: () =>
    withIoUring({ programs: ["sys_exit", "interrupted"] }, "opens made through io_uring", ["process_exit"]),
  constants: ({ fullPath }) => ({ full_path: fullPath }),
  outputs: ({ ring }) => ({
    events: ring(openEvent, {
      ringBytes: ({ bufferPages }) => bufferPages && bufferPages * 4096,
      columns: ({ timestamp, printUid, tid, extendedFields }) => [
        timestamp && column("TIME(s)", "%-14.9f", sinceFirst()),
        printUid && column("UID", "%-6d", (e) => e.uid),
        tid === undefined ? column("PID", "%-6d ", (e) => e.pid) : column("TID", "%-6d ", (e) => e.tid),
        column("COMM", "%-16s ", (e) => e.comm),
        column("FD", "%4d ", (e) => Math.max(e.ret, -1)),
        column("ERR", "%3d ", (e) => Math.max(-e.ret, 0)),
        extendedFields && column("FLAGS", "%08o ", (e) => e.flags, "%-8s "),
        extendedFields && column("MODE", "%-4s ", mode),
        column("PATH", "%s", (e) => (e.truncated ? `${e.path}...` : e.path)),
      ],
    }),
  }),
  main: "events",
});

/** Options of `opensnoop`. */
export interface OpensnoopOptions extends GivenTo<typeof definition> {}

/**
 * Files that processes open: open, openat, openat2, creat, and opens made through io_uring.
 *
 * Options and columns are those of BCC's opensnoop. It differs where BCC's has faults: `flagFilter` O_RDONLY, which is not a
 * bit, matches files opened for reading only; `duration` ends on time; paths are whole up to 4095 bytes, or marked `truncated`;
 * MODE is `n/a` unless the call could create a file.
 *
 * With `fullPath`, `path` is the path of the opened file from the root of its mount namespace, with links resolved. If there is
 * none (a failed open, a pipe, a file of another mount namespace), it is the given name after the directory where the lookup
 * starts: the working directory, a descriptor's directory, or the root of the process or of openat2's RESOLVE_IN_ROOT. A path
 * that is too deep to be walked begins with `...`. Names and descriptors are read when the call returns, so a thread that
 * changes them during the call can make them lie.
 *
 * Each open is shown once, with the result that its process gets: a call that a signal interrupts ends with EINTR or is made
 * again. A result that a debugger changes is not seen. If the result is not known, the error is EINPROGRESS, in three cases. A
 * seccomp filter refused the call and leaves the result to a handler of the process (SECCOMP_RET_TRAP). io_uring completes the
 * open without telling (IOSQE_CQE_SKIP_SUCCESS); it is then shown when it is submitted. Or there is no room to wait for the
 * result: 16,400 opens of a process can wait for io_uring, 65,536 of all processes, and 16 of each process whatever others do.
 * An open that still waits when its process ends is shown then. With `failed`, opens that may have failed are counted as lost
 * instead. An open that io_uring refuses before it starts, because of its path, is not shown.
 */
export const opensnoop: ProbeOf<typeof definition, OpensnoopOptions, OpenEvent> = probe(definition);

/** The bits of open(2) that hold the access mode. */
const ACCESS_MODE = 3;

function hasFlag(flags: number, name: OpenFlag): boolean {
  const flag = meaningOf(name);
  return "bit" in flag ? (flags & flag.bit) !== 0 : (flags & ACCESS_MODE) === flag.mode;
}

function bitOf(name: OpenFlag): number {
  const flag = meaningOf(name);
  return "bit" in flag ? flag.bit : 0;
}

function accessModeBit(name: OpenFlag): number {
  const flag = meaningOf(name);
  return "bit" in flag ? 0 : 1 << flag.mode;
}

function mode({ mode, flags }: OpenEvent): string {
  const creates = (flags & (FLAGS.O_CREAT | FLAGS.O_TMPFILE)) !== 0;
  return mode === 0 && !creates ? "n/a" : mode.toString(8).padStart(4, "0");
}
