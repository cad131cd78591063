// Who opens files below /etc? Now, or in yesterday's recording: the operators are the same.
//
//   rxbpf run examples/who-reads-etc.ts
//   rxbpf run examples/who-reads-etc.ts yesterday/opens.arrow
//
// Takes a recording of opensnoop, or a directory of them, made with --full-path: then each path is the file's own, not the name of a
// link to it. Without a recording, it traces until Ctrl-C. Prints:
//
//   at=2026-01-31T12:00:00.123Z uid=33 comm=nginx path=/etc/nginx/nginx.conf
import { type OpenEvent, opensnoop } from "@rxbpf/probes";
import { replay, toStdout } from "@rxbpf/sinks";
import { filter, map } from "rxjs";

const [, , recording] = process.argv;
const opens = recording === undefined ? opensnoop({ fullPath: true }) : replay<OpenEvent>(recording);

opens
  .pipe(
    filter(({ path, ret }) => path.startsWith("/etc/") && ret >= 0),
    map(({ time, uid, comm, path }) => ({ at: new Date(time).toISOString(), uid, comm, path })),
    toStdout(),
  )
  .subscribe();
