import { column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { flag } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { accepting, checkIp, ipOptions, ports } from "../define/tcp.js";
import { clockTime, sinceFirst } from "../define/times.js";
import { type AcceptEvent, acceptEvent } from "./schema.js";

const definition = define({
  name: "tcpaccept",
  summary: "TCP connections that processes accept",
  options: {
    time: showing(flag("show the time of day", { short: "T" })),
    timestamp: showing(flag("show the time since the first event", { short: "t" })),
    ...whoOptions({ pid: "p" }),
    port: ports("localPort", "only the local ports PORTS, separated by commas", { short: "P", value: "PORTS" }),
    ...ipOptions,
  },
  check: checkIp,
  variants: () => accepting({ programs: ["sys_exit"] }),
  outputs: ({ ring }) => ({
    events: ring(acceptEvent, {
      columns: ({ time, timestamp }) => [
        time && column("TIME", "%-9s", clockTime),
        timestamp && column("TIME(s)", "%-9.3f", sinceFirst()),
        column("PID", "%-7d ", (e) => e.pid),
        column("COMM", "%-12.12s ", (e) => e.comm),
        column("IP", "%-2d ", (e) => e.ip),
        column("RADDR", "%-16s ", (e) => e.remoteAddress),
        column("RPORT", "%-5d ", (e) => e.remotePort),
        column("LADDR", "%-16s ", (e) => e.localAddress),
        column("LPORT", "%-5d", (e) => e.localPort),
      ],
    }),
  }),
  main: "events",
});

/** Options of `tcpaccept`. */
export interface TcpacceptOptions extends GivenTo<typeof definition> {}

/**
 * TCP connections that processes accept, with accept, accept4 or io_uring, one-shot and multishot.
 *
 * Options and columns are those of BCC's tcpaccept. An IPv4 connection to a socket that serves both versions is IPv4 here, with
 * dotted addresses, also for the options `ipv4` and `ipv6`; BCC's shows the version of the socket. Connections that io_uring
 * accepts without a file descriptor, into its own table, are shown since Linux 6.13; on older kernels they are counted as lost.
 */
export const tcpaccept: ProbeOf<typeof definition, TcpacceptOptions, AcceptEvent> = probe(definition);
