import type { Hook } from "@rxbpf/core/bpf";
import { column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { text } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { clockTime } from "../define/times.js";
import { type LookupEvent, lookupEvent } from "./schema.js";

/** Where Debian and its derivatives have the C library. */
const LIBC = "/lib/x86_64-linux-gnu/libc.so.6";
const RESOLVERS = ["getaddrinfo", "gethostbyname", "gethostbyname2"];

const definition = define({
  name: "gethostlatency",
  summary: "latency of host name lookups by getaddrinfo and gethostbyname",
  options: {
    ...whoOptions({ pid: "p" }),
    libc: text(`path of the C library (default ${LIBC})`, { short: "l", value: "PATH" }),
  },
  variants({ libc = LIBC }) {
    const at = (returns: boolean): Hook[] =>
      RESOLVERS.map((symbol) => ({ kind: "uprobe", path: libc, symbol, returns }));
    return [{ programs: ["called", "returned"], hooks: { called: at(false), returned: at(true) } }];
  },
  outputs: ({ ring }) => ({
    events: ring(lookupEvent, {
      columns: (_options) => [
        column("TIME", "%-9s ", clockTime),
        column("PID", "%-7d ", (e) => e.pid),
        column("COMM", "%-16s ", (e) => e.comm),
        column("LATms", "%10.2f ", (e) => e.latencyNs / 1e6),
        column("HOST", "%s", (e: LookupEvent) => (e.truncated ? `${e.host}...` : e.host)),
      ],
    }),
  }),
  main: "events",
});

/** Options of `gethostlatency`. */
export interface GethostlatencyOptions extends GivenTo<typeof definition> {}

/**
 * Latency of host name lookups: each call of getaddrinfo, gethostbyname and gethostbyname2 of the C library, when it returns,
 * whether or not it found an address. If one of these calls another, that is one lookup.
 *
 * Columns are those of BCC's gethostlatency. Not seen: programs with resolvers of their own, such as those of Go, Java and musl,
 * and any other file than `libc`. For a container, give the path of its library as this process sees it, such as
 * `/proc/PID/root/lib/x86_64-linux-gnu/libc.so.6`. Only calls of those functions cost more.
 */
export const gethostlatency: ProbeOf<typeof definition, GethostlatencyOptions, LookupEvent> = probe(definition);
