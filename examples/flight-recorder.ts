// What happened in the minutes before it broke? Records all the time, keeps the last minutes, and stops when it breaks.
//
//   rxbpf run examples/flight-recorder.ts '^systemd-coredum' 10 /var/tmp/flight
//
// Takes a regular expression for the name of the program at which to stop, how many minutes to keep (default 10), and a directory
// (default: the current one). Records opens and execs in files of a tenth of that time each, and removes the oldest files. When
// such a program runs, or at Ctrl-C, it ends and says how to read the files:
//
//   stopped by systemd-coredump; see: rxbpf replay /var/tmp/flight
import { printable } from "@rxbpf/core";
import { execsnoop, opensnoop } from "@rxbpf/probes";
import { toArrow } from "@rxbpf/sinks";
import { forkJoin, share, take, tap } from "rxjs";

const [, , pattern, minutes = "10", directory = "."] = process.argv;
if (pattern === undefined) throw new Error("Give a regular expression for the name of the program to stop at");

let stoppedBy = "a signal";
const broken = execsnoop({ name: new RegExp(pattern) }).pipe(
  take(1),
  tap(({ comm }) => (stoppedBy = comm)),
  share(),
);
const rotate = { ms: Number(minutes) * 6_000, keep: 11 };
forkJoin([
  opensnoop()
    .until(broken)
    .pipe(toArrow(`${directory}/opens.arrow`, { rotate })),
  execsnoop()
    .until(broken)
    .pipe(toArrow(`${directory}/execs.arrow`, { rotate })),
]).subscribe(() => console.log(printable(`stopped by ${stoppedBy}; see: rxbpf replay ${directory}`)));
