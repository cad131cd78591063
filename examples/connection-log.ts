// A log of all TCP sessions, as lines of JSON.
//
//   rxbpf run examples/connection-log.ts >> sessions.ndjson
//   rxbpf run examples/connection-log.ts sessions.ndjson
//
// Writes a line for each session that a process connects, accepts or closes, to stdout or to a file, which it replaces, until
// Ctrl-C. Where events were lost, a line says so:
//
//   {"time":"2026-01-31T12:00:00.123Z","type":"connect","pid":4711,"comm":"curl","uid":0,"from":"10.0.0.2:51234","to":"10.0.0.9:443"}
import { tcptracer } from "@rxbpf/probes";
import { toJson } from "@rxbpf/sinks";
import { map } from "rxjs";

const [, , file] = process.argv;

/** An address with its port. */
const end = (address: string, port: number) => `${address.includes(":") ? `[${address}]` : address}:${port}`;

tcptracer()
  .pipe(
    map(({ time, type, pid, comm, uid, localAddress, localPort, remoteAddress, remotePort }) => ({
      time: new Date(time).toISOString(),
      type,
      pid,
      comm,
      uid,
      from: end(localAddress, localPort),
      to: end(remoteAddress, remotePort),
    })),
    toJson(file ?? process.stdout, { force: true }),
  )
  .subscribe();
