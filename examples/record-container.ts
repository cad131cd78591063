// What does a container do in an hour? Records its opens, execs and TCP sessions.
//
//   rxbpf run examples/record-container.ts 4711
//   rxbpf run examples/record-container.ts /sys/fs/cgroup/system.slice/web.service 600 /var/tmp/web
//
// Takes a cgroup's directory or the id of any process in it, for how many seconds to record (default 3600), and a directory (default:
// the current one). Ctrl-C ends it early. Writes opens.arrow, execs.arrow and sessions.arrow, for `rxbpf replay`, DuckDB or polars,
// and prints what each holds:
//
//   opens: 18230 events, 1.1 MB, 0 lost
import { join } from "node:path";

import { PinnedSet } from "@rxbpf/filters";
import { execsnoop, opensnoop, tcptracer } from "@rxbpf/probes";
import { toArrow } from "@rxbpf/sinks";
import { forkJoin } from "rxjs";

const [, , target, seconds = "3600", directory = "."] = process.argv;
if (target === undefined) throw new Error("Give a cgroup's directory, or a process id");

const set = PinnedSet.create(`/sys/fs/bpf/record-container-${process.pid}`, "cgroup");
process.once("exit", () => set.unpin());
set.add(/^\d+$/.test(target) ? { pid: Number(target) } : target);

const options = { cgroupmap: set.path, duration: Number(seconds) };
forkJoin({
  opens: opensnoop(options).pipe(toArrow(join(directory, "opens.arrow"))),
  execs: execsnoop(options).pipe(toArrow(join(directory, "execs.arrow"))),
  sessions: tcptracer(options).pipe(toArrow(join(directory, "sessions.arrow"))),
}).subscribe((recordings) => {
  for (const [name, { rows, bytes, lost }] of Object.entries(recordings))
    console.log(`${name}: ${rows} events, ${(bytes / 1e6).toFixed(1)} MB, ${lost} lost`);
});
