// Which processes make the most connections per second, now?
//
//   rxbpf run examples/connection-rates.ts
//
// Prints the 20 busiest of each second, until Ctrl-C; on a terminal, each table replaces the one before:
//
//   PROCESS     PER SECOND
//   curl (4711)         12
//   nginx (902)          3
import { top } from "@rxbpf/core";
import { tcpconnect } from "@rxbpf/probes";
import { toStdout } from "@rxbpf/sinks";
import { map, skipWhile, tap } from "rxjs";

tcpconnect()
  .pipe(
    // Each table counts one second.
    top(20, ({ comm, pid }) => `${comm} (${pid})`, { perInterval: true }),
    skipWhile((rows) => rows.length === 0),
    map((rows) => rows.map(({ key, count }) => ({ process: key, "per second": count }))),
    tap(() => process.stdout.isTTY && console.clear()),
    toStdout(),
  )
  .subscribe();
