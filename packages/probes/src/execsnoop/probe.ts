import { column, type Column, printable, Printed } from "@rxbpf/core";

import { flag, integer, isWanted, pattern } from "../define/options.js";
import { probe } from "../define/probe.js";
import { clockTime, sinceNow } from "../define/times.js";
import { user } from "../define/user.js";
import { type ExecEvent, execEvent } from "./schema.js";

/**
 * Programs that processes start, by execve and execveat.
 *
 * Options and columns are those of BCC's execsnoop. Where that has faults this differs: `uid` 0
 * filters; arguments are whole, up to `argsSize` bytes and, if given, `maxArgs` of them, and end in
 * `...` only if there are more; `name` matches the thread's name, which is cut to 15 bytes, or that
 * of the file; TIME is that of the event. Arguments of a program that runs are read from its own memory;
 * those of a failed exec (`fails`) are what the caller had when it returned, at
 * most 512, and end where the caller's memory cannot be read.
 *
 * `filename` is what the caller said; `file` is what runs: the program itself, or the interpreter of a script. `args` are the
 * caller's, with the file's name for the first where an interpreter runs it, as the kernel replaces that (but not for
 * binfmt_misc's flag P, told since Linux 5.12); `interpreterArgs` are what the interpreter got. A path that is too deep to be walked
 * begins with `...`. A failed exec has the error EINPROGRESS where a seccomp filter leaves the answer to the
 * process (SECCOMP_RET_TRAP).
 */
export const execsnoop = probe({
  name: "execsnoop",
  summary: "programs that processes start",
  event: execEvent,
  options: {
    time: flag("show the time of day", { short: "T" }),
    timestamp: flag("show the time since the start", { short: "t" }),
    fails: flag("also failed execs", { short: "x" }),
    uid: user("only the user USER, a number or a name", { short: "u", value: "USER" }),
    quote: flag('put each argument in "quotes"', { short: "q" }),
    name: pattern("only commands whose name matches REGEX", { short: "n", value: "REGEX" }),
    line: pattern("only commands whose line of arguments matches REGEX", { short: "l", value: "REGEX" }),
    printUid: flag("show the user id", { short: "U" }),
    printCpu: flag("show the processor", { short: "C" }),
    printPcomm: flag("show the parent's name", { short: "M" }),
    maxArgs: integer("show at most N arguments, the file's name among them", { value: "N", min: 1 }),
    argsSize: integer("read at most BYTES of arguments (default 8192)", { value: "BYTES", min: 1, max: 32768 }),
    ppid: integer("only children of the process PPID", { short: "P", value: "PPID", min: 1 }),
  },
  variants: ({ fails }) => [{ programs: ["exec_done", ...(fails ? ["exec_failed", "exec_interrupted"] : [])] }],
  knobs: ({ uid, ppid, argsSize }) => ({
    by_uid: uid !== undefined,
    only_uid: uid,
    only_ppid: ppid,
    args_limit: argsSize,
  }),
  refine(options) {
    if (!options.name && !options.line) return undefined;
    const wanted = matchesText(options);
    return { event: (event: ExecEvent) => (wanted(event) ? event : undefined) };
  },
  recorded: {
    options: [
      ...(["time", "timestamp", "fails", "uid", "quote", "name", "line"] as const),
      ...(["printUid", "printCpu", "printPcomm", "maxArgs", "ppid"] as const),
    ],
    matches({ fails, uid, ppid, ...rest }) {
      const wanted = matchesText(rest);
      return (event: ExecEvent) =>
        (fails || event.ret >= 0) && isWanted(uid, event.uid) && isWanted(ppid, event.ppid) && wanted(event);
    },
  },
  columns({ time, timestamp, printUid, printPcomm, printCpu, ...shown }) {
    const args = argsLine(shown, printable);
    const columns: (Column<ExecEvent> | undefined | false)[] = [
      time && column("TIME", "%-9s", clockTime),
      timestamp && column("TIME(s)", "%-8.3f", sinceNow()),
      printUid && column("UID", "%-6d", (e) => e.uid),
      column(printPcomm ? "COMM" : "PCOMM", "%-16s ", (e) => e.comm),
      column("PID", "%-7d ", (e) => e.pid),
      printPcomm && column("PCOMM", "%-16s ", (e) => e.pcomm),
      column("PPID", "%-7d ", (e) => e.ppid),
      printCpu && column("CPU", "%-4d ", (e) => e.cpu),
      column("RET", "%3d ", (e) => e.ret),
      column("ARGS", "%s", (e) => new Printed(args(e))),
    ];
    return columns.filter((column) => !!column);
  },
});

/** Whether an event is one that `name` and `line` choose. */
function matchesText({
  name,
  line,
  ...shown
}: Shown & { name?: RegExp; line?: RegExp }): (event: ExecEvent) => boolean {
  const argsOf = argsLine(shown);
  return (event) =>
    (!name || matches(name, event.comm) || matches(name, baseName(event.filename))) &&
    (!line || matches(line, argsOf(event)));
}

interface Shown {
  readonly quote?: boolean;
  readonly maxArgs?: number;
}

/** The command as its caller gave it, as BCC shows it: the file in the place of the program's name for itself. */
function argsLine({ quote, maxArgs = Infinity }: Shown, part: (text: string) => string = (text) => text) {
  return (event: ExecEvent): string => {
    const all = [event.filename, ...event.args.slice(1)];
    const parts = all.slice(0, maxArgs).map(part);
    const shown = quote ? parts.map((part) => `"${part.replaceAll('"', '\\"')}"`) : parts;
    return shown.join(" ") + (event.truncated || all.length > maxArgs ? " ..." : "");
  };
}

/** Unlike `test`, begins at the start each time, also for an expression with the flag g. */
function matches(pattern: RegExp, text: string): boolean {
  return text.search(pattern) >= 0;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
