// Which command opens this file for writing? A name such as `sh` says little, so this prints the whole command line.
//
//   rxbpf run examples/written-by.ts /etc/resolv.conf
//
// Takes an absolute path, or the beginning of one. Prints each such open, until Ctrl-C:
//
//   pid=4711 path=/etc/resolv.conf command="/bin/sh /usr/sbin/dhclient-script"
import { joinBy } from "@rxbpf/core";
import { execsnoop, opensnoop } from "@rxbpf/probes";
import { toStdout } from "@rxbpf/sinks";
import { filter, map } from "rxjs";

const [, , wanted = "/"] = process.argv;

opensnoop({ fullPath: true, flagFilter: ["O_WRONLY", "O_RDWR"] })
  .pipe(
    // Adds each process's last exec, also one from before this script started.
    joinBy({ command: execsnoop() }, ({ execId }) => execId),
    filter(({ path, ret }) => path.startsWith(wanted) && ret >= 0),
    map(({ pid, path, comm, command }) => ({ pid, path, command: command?.args.join(" ") ?? comm })),
    toStdout(),
  )
  .subscribe();
