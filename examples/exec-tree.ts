// What did this build execute?
//
//   rxbpf run examples/exec-tree.ts make -j4
//
// Runs the command in a cgroup of its own, so that it sees all that the command starts and nothing else. When the command has
// ended, prints each executed command line, below that of its parent if the parent executed something too:
//
//   make -j4
//     cc -c main.c
//       /usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet main.c
import { spawn } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";

import { printable } from "@rxbpf/core";
import { cgroupMounts, PinnedSet } from "@rxbpf/filters";
import { type ExecEvent, execsnoop } from "@rxbpf/probes";
import { defer, fromEvent } from "rxjs";

const [, , ...command] = process.argv;
const cgroup = `${cgroupMounts()[0]?.path}/exec-tree-${process.pid}`;
mkdirSync(cgroup);
process.once("exit", () => rmdirSync(cgroup));
const set = PinnedSet.create(`/sys/fs/bpf/exec-tree-${process.pid}`, "cgroup");
process.once("exit", () => set.unpin());
set.add(cgroup);

/** Starts the build, which first enters the cgroup, and emits when it ends. */
const build = defer(() => {
  const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  return fromEvent(spawn("sh", ["-c", enter, cgroup, ...command], { stdio: "inherit" }), "exit");
});

// `until` subscribes to the build, and so starts it, once the probe is attached.
const processes = new Map<number, ExecEvent[]>();
await execsnoop({ cgroupmap: set.path })
  .until(build)
  .forEach((exec) => void processes.set(exec.pid, [...(processes.get(exec.pid) ?? []), exec]));

function print(parent: number | undefined, indent: string): void {
  for (const [pid, execs] of processes) {
    const ppid = execs[0]!.ppid;
    if ((processes.has(ppid) ? ppid : undefined) !== parent) continue;
    for (const { args } of execs) console.log(indent + printable(args.join(" ")));
    print(pid, `${indent}  `);
  }
}
print(undefined, "");
