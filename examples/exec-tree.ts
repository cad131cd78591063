// What did this build execute?
//
//   rxbpf run examples/exec-tree.ts make -j4
//
// Runs the command in a cgroup of its own, so that nothing else is seen and nothing that it starts is missed. When it
// has ended, prints what was executed, each below its parent if that executed something too:
//
//   make -j4
//     cc -c main.c
//       /usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet main.c
import { spawn } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";

import { printable } from "@rxbpf/core";
import { cgroupMounts, PinnedSet } from "@rxbpf/filters";
import { type ExecEvent, execsnoop } from "@rxbpf/probes";
import { first, fromEvent, switchMap } from "rxjs";

const [, , ...command] = process.argv;
const cgroup = `${cgroupMounts()[0]?.path}/exec-tree-${process.pid}`;
mkdirSync(cgroup);
process.once("exit", () => rmdirSync(cgroup));
const set = PinnedSet.create(`/sys/fs/bpf/exec-tree-${process.pid}`, "cgroup");
process.once("exit", () => set.unpin());
set.add(cgroup);

const execs = execsnoop({ cgroupmap: set.path });

/** Starts the build once its execs are seen, and emits when it ends. The first thing that it does is to enter the cgroup. */
const ended = execs.status.pipe(
  first(({ type }) => type === "attached"),
  switchMap(() => {
    const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    return fromEvent(spawn("sh", ["-c", enter, cgroup, ...command], { stdio: "inherit" }), "exit");
  }),
);

const processes = new Map<number, ExecEvent[]>();
await execs.until(ended).forEach((exec) => void processes.set(exec.pid, [...(processes.get(exec.pid) ?? []), exec]));

function print(parent: number | undefined, indent: string): void {
  for (const [pid, execs] of processes) {
    const ppid = execs[0]!.ppid;
    if ((processes.has(ppid) ? ppid : undefined) !== parent) continue;
    for (const { args } of execs) console.log(indent + printable(args.join(" ")));
    print(pid, `${indent}  `);
  }
}
print(undefined, "");
