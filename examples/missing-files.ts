// Which missing files do programs look for most often?
//
//   rxbpf run examples/missing-files.ts
//   rxbpf run examples/missing-files.ts yesterday/opens.arrow
//
// Takes a recording of opensnoop; without one, it traces until Ctrl-C. Prints the ten most frequent, again each second:
//
//   COUNT MISSING
//     210 nginx: /etc/nginx/conf.d/site.conf
//      96 python3: /usr/lib/python3/dist-packages/yaml.pyc
import { top } from "@rxbpf/core";
import { type OpenEvent, opensnoop } from "@rxbpf/probes";
import { replay, toStdout } from "@rxbpf/sinks";
import { filter, map } from "rxjs";

const ENOENT = 2;

const [, , recording] = process.argv;
const opens = recording === undefined ? opensnoop({ failed: true }) : replay<OpenEvent>(recording);

opens
  .pipe(
    filter(({ ret }) => ret === -ENOENT),
    top(10, ({ comm, path }) => `${comm}: ${path}`),
    map((rows) => rows.map(({ key, count }) => ({ count, missing: key }))),
    toStdout(),
  )
  .subscribe();
