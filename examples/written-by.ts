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
import { defer, filter, map, merge } from "rxjs";

const [, , wanted = "/"] = process.argv;

// What is executed from now on, and then what runs already, so that nothing comes between.
const running = defer(() => runningProcesses({}).processes);
const commands = merge(execsnoop(), running);

opensnoop({ fullPath: true, flagFilter: ["O_WRONLY", "O_RDWR"] })
  .pipe(
    joinBy({ command: commands }, ({ execId }) => execId),
    filter(({ path, ret }) => path.startsWith(wanted) && ret >= 0),
    map(({ pid, path, comm, command }) => ({ pid, path, command: command?.args.join(" ") ?? comm })),
    toStdout(),
  )
  .subscribe();
