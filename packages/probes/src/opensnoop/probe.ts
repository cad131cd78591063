import { column, type Column } from "@rxbpf/core";

import { common } from "../define/common.js";
import { withIoUring } from "../define/io-uring.js";
import { command, flag, integer, isWanted, list, text, UsageError } from "../define/options.js";
import { probe } from "../define/probe.js";
import { sinceFirst } from "../define/times.js";
import { user } from "../define/user.js";
import { ACCESS_MODES, FLAGS } from "./flags.js";
import { type OpenEvent, openEvent } from "./schema.js";

/**
 * Files that processes open: open, openat, openat2, creat, and opens made through io_uring.
 *
 * Options and columns are those of BCC's opensnoop. Where that has faults this differs:
 * `flagFilter` O_RDONLY, which is no bit, matches files opened for reading only; `duration` ends
 * on time; paths are whole up to 4095 bytes, or marked `truncated`; MODE is `n/a` unless the call could create a file.
 *
 * With `fullPath` a path is that of the file that was opened, from the root of its mount namespace, links resolved; where
 * there is none (a failed open, a pipe, a file of another mount namespace) it is the name that was given, after the
 * directory that it starts from: the working directory, a descriptor's, or the root that the process or openat2's
 * RESOLVE_IN_ROOT has. One that is too deep to be walked begins with `...`. Names are read, and the descriptor is looked
 * at, when the call returns, so a thread that changes them meanwhile can make them lie.
 *
 * An open is told once, with the result that its process gets: a call that a signal interrupts ends with EINTR or is made
 * again; what a debugger makes of a result is not seen. Where the result is not known the error is EINPROGRESS: the call
 * was refused by a seccomp filter that leaves the answer to a handler of the process (SECCOMP_RET_TRAP), or io_uring is to
 * complete it without telling (IOSQE_CQE_SKIP_SUCCESS) and it is shown when it is asked for. An open that io_uring refuses before it starts,
 * for its path, is not shown.
 */
export const opensnoop = probe({
  name: "opensnoop",
  summary: "files that processes open",
  event: openEvent,
  options: {
    timestamp: flag("show the time since the first event", { short: "T" }),
    printUid: flag("show the user id", { short: "U" }),
    failed: flag("only opens that failed", { short: "x" }),
    pid: integer("only the process PID", { short: "p", value: "PID", min: 1 }),
    tid: integer("only the thread TID; show thread ids", { short: "t", value: "TID", min: 1 }),
    uid: user("only the user UID, a number or a name", { short: "u", value: "UID" }),
    name: text("only threads whose name contains NAME", { short: "n", value: "NAME" }),
    extendedFields: flag("show flags and mode", { short: "e", long: "extended_fields" }),
    flagFilter: list("only opens with FLAG, such as O_CREAT; may be given several times", {
      short: "f",
      long: "flag_filter",
      value: "FLAG",
      allowed: [...Object.keys(ACCESS_MODES), ...Object.keys(FLAGS)],
    }),
    fullPath: flag("show paths from the root; of what was opened, the file's own", { short: "F" }),
    duration: { ...common.duration, short: "d" },
    bufferPages: integer("size of the buffer in pages", { short: "b", value: "PAGES", min: 1, max: 2 ** 18 }),
    exec: command("run a command, trace it alone, and end when it does", { value: "COMMAND..." }),
  },
  check({ pid, exec, name = "" }) {
    if (Buffer.byteLength(name) > 15)
      throw new UsageError("name takes at most 15 bytes, which is all that the kernel keeps of a thread's name");
    if (pid !== undefined && exec) throw new UsageError("pid and exec exclude each other");
  },
  variants: () => withIoUring({ programs: ["sys_exit", "interrupted"] }, "opens made through io_uring"),
  knobs: ({ failed, pid, tid, uid, name, flagFilter, fullPath }) => ({
    only_failed: failed,
    only_pid: tid === undefined ? pid : undefined,
    only_tid: tid,
    by_uid: uid !== undefined,
    only_uid: uid,
    comm_part: name,
    comm_part_length: name && Buffer.byteLength(name),
    full_path: fullPath,
    by_flags: flagFilter && flagFilter.length > 0,
    only_flags: flagFilter?.reduce((mask, flag) => mask | (FLAGS[flag] ?? 0), 0),
    only_access_modes: flagFilter?.reduce(
      (modes, flag) => modes | (flag in ACCESS_MODES ? 1 << ACCESS_MODES[flag]! : 0),
      0,
    ),
  }),
  ringBytes: ({ bufferPages }) => bufferPages && bufferPages * 4096,
  recorded: {
    options: ["timestamp", "printUid", "failed", "pid", "tid", "uid", "name", "extendedFields", "flagFilter"],
    matches({ failed, pid, tid, uid, name = "", flagFilter }) {
      return (event: OpenEvent) =>
        !(failed && event.ret >= 0) &&
        isWanted(tid === undefined ? pid : undefined, event.pid) &&
        isWanted(tid, event.tid) &&
        isWanted(uid, event.uid) &&
        event.comm.includes(name) &&
        (!flagFilter?.length || flagFilter.some((flag) => hasFlag(event.flags, flag)));
    },
  },
  columns({ timestamp, printUid, tid, extendedFields }) {
    const columns: (Column<OpenEvent> | undefined | false)[] = [
      timestamp && column("TIME(s)", "%-14.9f", sinceFirst()),
      printUid && column("UID", "%-6d", (e) => e.uid),
      tid === undefined ? column("PID", "%-6d ", (e) => e.pid) : column("TID", "%-6d ", (e) => e.tid),
      column("COMM", "%-16s ", (e) => e.comm),
      column("FD", "%4d ", (e) => Math.max(e.ret, -1)),
      column("ERR", "%3d ", (e) => Math.max(-e.ret, 0)),
      extendedFields && column("FLAGS", "%08o ", (e) => e.flags, "%-8s "),
      extendedFields && column("MODE", "%-4s ", mode),
      column("PATH", "%s", (e) => (e.truncated ? `${e.path}...` : e.path)),
    ];
    return columns.filter((column) => !!column);
  },
});

/** The bits of open(2) that hold the access mode. */
const ACCESS_MODE = 3;

function hasFlag(flags: number, name: string): boolean {
  const mode = ACCESS_MODES[name];
  return mode === undefined ? (flags & (FLAGS[name] ?? 0)) !== 0 : (flags & ACCESS_MODE) === mode;
}

function mode({ mode, flags }: OpenEvent): string {
  const creates = (flags & (FLAGS["O_CREAT"]! | FLAGS["O_TMPFILE"]!)) !== 0;
  return mode === 0 && !creates ? "n/a" : mode.toString(8).padStart(4, "0");
}
