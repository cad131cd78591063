// Which command opens this file for writing? A name such as `sh` tells little: this gives the whole command line.
//
//   rxbpf run examples/written-by.ts /etc/resolv.conf
//
// Takes an absolute path, or the beginning of one. Prints each such open, until Ctrl-C:
//
//   pid=4711 path=/etc/resolv.conf command="/bin/sh /usr/sbin/dhclient-script"
import { joinBy } from "@rxbpf/core";
import { runningProcesses } from "@rxbpf/filters";
import { execsnoop, opensnoop } from "@rxbpf/probes";
import { toStdout } from "@rxbpf/sinks";
import { concat, filter, map } from "rxjs";

const [, , wanted = "/"] = process.argv;

// Those that run already, then those that are executed while this runs.
const commands = concat(runningProcesses({}).processes, execsnoop());

opensnoop({ fullPath: true, flagFilter: ["O_WRONLY", "O_RDWR"] })
  .pipe(
    joinBy({ command: commands }, ({ pid }) => pid),
    filter(({ path, ret }) => path.startsWith(wanted) && ret >= 0),
    map(({ pid, path, comm, command }) => ({ pid, path, command: command?.args.join(" ") ?? comm })),
    toStdout(),
  )
  .subscribe();
