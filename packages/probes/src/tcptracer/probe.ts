import { column } from "@rxbpf/core/events";

import { common, whoOptions } from "../define/common.js";
import { flag } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { accepting, checkIp, ipOptions } from "../define/tcp.js";
import { sinceFirst } from "../define/times.js";
import { type SessionEvent, sessionEvent } from "./schema.js";

const definition = define({
  name: "tcptracer",
  summary: "TCP sessions that processes connect, accept and close",
  options: {
    timestamp: showing(flag("show the time since the first event", { short: "t" })),
    ...whoOptions({ pid: "p" }),
    netns: { ...common.netns, short: "N" },
    ...ipOptions,
    verbose: showing(flag("show types as words, nanoseconds, and the network namespace", { short: "v" })),
  },
  check: checkIp,
  variants: () => accepting({ programs: PROGRAMS, interruptible: PAIRED }),
  outputs: ({ ring }) => ({
    events: ring(sessionEvent, {
      banner: "Tracing TCP established connections. Ctrl-C to end.",
      columns({ timestamp, verbose, netns }) {
        const since = sinceFirst();
        return [
          timestamp && verbose && column("TIME(ns)", "%-14d", (e) => Math.round(since(e) * 1e9)),
          timestamp && !verbose && column("TIME(s)", "%-9.3f", since),
          verbose ? column("TYPE", "%-12s ", (e) => e.type) : column("T", "%-2s ", (e) => LETTERS[e.type]),
          column("PID", "%-6d ", (e) => e.pid),
          column("COMM", "%-16s ", (e) => e.comm),
          column("IP", "%-2d ", (e) => e.ip),
          column("SADDR", "%-16s ", (e) => bracketed(e.localAddress)),
          column("DADDR", "%-16s ", (e) => bracketed(e.remoteAddress)),
          column("SPORT", "%-6d ", (e) => e.localPort),
          column("DPORT", "%-6d", (e) => e.remotePort, verbose ? "%-7s" : "%-6s"),
          verbose && !netns && column("NETNS", " %-8d", (e) => e.netnsId, "%-8s"),
        ];
      },
    }),
  }),
  main: "events",
});

/** Options of `tcptracer`. */
export interface TcptracerOptions extends GivenTo<typeof definition> {}

/**
 * TCP sessions that processes connect, accept and close; each of these is shown once, with the process that did it.
 *
 * Options and columns are those of BCC's tcptracer. It differs where BCC's has faults: an IPv4 session of an IPv6 socket is
 * IPv4, with dotted addresses, and its connect is shown; the close of a session that the peer reset is shown too. A session is
 * closed when the last process closes its socket, not by shutdown. If that happens before the peer has acknowledged a shutdown,
 * the close is shown when the peer has, with the process that shut the session down. Not seen: the close of a session that was
 * shut down or reset before the trace began. For connections that io_uring accepts without a file descriptor, see `tcpaccept`.
 */
export const tcptracer: ProbeOf<typeof definition, TcptracerOptions, SessionEvent> = probe(definition);

const PAIRED = ["state", "state_by_packet", "destroy", "destroy_by_packet"] as const;
const PROGRAMS = [...PAIRED, "thread_exit", "sys_exit"] as const;
const LETTERS = { connect: "C", accept: "A", close: "X" } as const;

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
