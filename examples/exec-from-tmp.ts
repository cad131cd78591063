// Does anybody execute something that lies where everybody can write?
//
//   rxbpf run examples/exec-from-tmp.ts
//
// Prints a line for each exec of a file below /tmp, /var/tmp or /dev/shm, until Ctrl-C:
//
//   2026-01-31T12:00:00.123Z ALERT /tmp/.x/miner by uid 33, pid 4711, child of sh (4709): ./miner -o pool:3333
import { readlinkSync } from "node:fs";

import { printable } from "@rxbpf/core";
import { type ExecEvent, execsnoop } from "@rxbpf/probes";

/** What was executed: a script is the file that was named, a program by another name is what it really is. */
function filesOf({ pid, filename }: ExecEvent): string[] {
  try {
    return [readlinkSync(`/proc/${pid}/exe`), filename];
  } catch {
    return [filename]; // it has ended
  }
}

for await (const exec of execsnoop()) {
  const file = filesOf(exec).find((one) => /^\/(tmp|var\/tmp|dev\/shm)\//.test(one));
  if (file === undefined) continue;
  const { time, uid, pid, pcomm, ppid, args } = exec;
  const who = `uid ${uid}, pid ${pid}, child of ${pcomm} (${ppid})`;
  console.log(printable(`${new Date(time).toISOString()} ALERT ${file} by ${who}: ${args.join(" ")}`));
}
