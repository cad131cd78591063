import { printable, sampleEvent } from "@rxbpf/core";
import { column, Printed } from "@rxbpf/core/events";
import { runningProcesses, type RunningProcess } from "@rxbpf/filters";

import { whoOptions } from "../define/common.js";
import { flag, integer, pattern } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { selecting, showing } from "../define/selection.js";
import { clockTime, sinceNow } from "../define/times.js";
import { type ExecEvent, execEvent } from "./schema.js";

const definition = define({
  name: "execsnoop",
  summary: "programs that processes start",
  options: {
    time: showing(flag("show the time of day", { short: "T" })),
    timestamp: showing(flag("show the time since the start", { short: "t" })),
    fails: showing(flag("also show failed execs", { short: "x" })),
    ...whoOptions({ uid: "u", ppid: "P" }),
    quote: showing(flag('put each argument in "quotes"', { short: "q" })),
    name: selecting(pattern("only commands whose name matches REGEX", { short: "n", value: "REGEX" }), {
      matches: (name, event: ExecEvent) => matches(name, event.comm) || matches(name, baseName(event.filename)),
      processes: () => undefined,
    }),
    line: selecting(pattern("only commands whose argument line matches REGEX", { short: "l", value: "REGEX" }), {
      matches: (line, event: ExecEvent, shown: Shown) => matches(line, argsLine(shown)(event)),
      processes: () => undefined,
    }),
    printUid: showing(flag("show the user id", { short: "U" })),
    printCpu: showing(flag("show the CPU", { short: "C" })),
    printPcomm: showing(flag("show the parent's name", { short: "M" })),
    maxArgs: showing(integer("show at most N arguments, counting the file's name", { value: "N", min: 1 })),
    argsSize: integer("read at most BYTES of arguments (default 8192)", { value: "BYTES", min: 1, max: 32768 }),
  },
  variants: ({ fails }) => [{ programs: ["exec_done", ...(fails ? ["exec_failed", "exec_interrupted"] : [])] }],
  constants: ({ argsSize }) => ({ args_limit: argsSize }),
  outputs: ({ ring }) => ({
    events: ring(execEvent, {
      already: (options) => runningProcesses(options).processes.map(execOf),
      recorded:
        ({ fails }) =>
        (event) =>
          fails === true || event.ret >= 0,
      columns: ({ time, timestamp, printUid, printPcomm, printCpu, ...shown }) => {
        const args = argsLine(shown, printable);
        return [
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
      },
    }),
  }),
  main: "events",
});

/** Options of `execsnoop`. */
export interface ExecsnoopOptions extends GivenTo<typeof definition> {}

/**
 * Programs that processes start, with execve or execveat.
 *
 * Options and columns are those of BCC's execsnoop. It differs where BCC's has faults: `uid: 0` filters; arguments are whole,
 * up to `argsSize` bytes and, if given, `maxArgs` of them, and end in `...` only if there are more; `name` matches the thread's
 * name, which is cut to 15 bytes, or the file's name; TIME is the time of the event. The arguments of a program that runs are
 * read from its own memory. Those of a failed exec (`fails`) are read from the caller's memory when the call returns: at most
 * 512, up to the first that cannot be read.
 *
 * `filename` is the path that the caller gave; `file` is the file that runs: the program itself, or the interpreter of a script.
 * `args` are the caller's arguments. For a script the kernel replaces the first one by the file's name (but not with
 * binfmt_misc's flag P, which is seen since Linux 5.12). `interpreterArgs` are what the interpreter got. A path that is too deep
 * to be walked begins with `...`. A failed exec has the error EINPROGRESS if a seccomp filter leaves the result to the process
 * (SECCOMP_RET_TRAP).
 */
export const execsnoop: ProbeOf<typeof definition, ExecsnoopOptions, ExecEvent> = probe(definition);

interface Shown {
  readonly quote?: boolean;
  readonly maxArgs?: number;
}

/** The exec that started a process's program, as far as /proc still shows it: its `time` is 0. */
function execOf({ args, ...process }: RunningProcess): ExecEvent {
  return sampleEvent(execEvent, { ...process, tid: process.pid, filename: args[0] ?? "", args });
}

/** The command line as BCC shows it: the caller's arguments, with the file in place of the first. */
function argsLine({ quote, maxArgs = Infinity }: Shown, part: (text: string) => string = (text) => text) {
  return (event: ExecEvent): string => {
    const all = [event.filename, ...event.args.slice(1)];
    const parts = all.slice(0, maxArgs).map(part);
    const shown = quote ? parts.map((part) => `"${part.replaceAll('"', '\\"')}"`) : parts;
    return shown.join(" ") + (event.truncated || all.length > maxArgs ? " ..." : "");
  };
}

/** Unlike `test`, always searches from the start, even if the expression has the flag g. */
function matches(pattern: RegExp, text: string): boolean {
  return text.search(pattern) >= 0;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
