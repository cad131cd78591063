import { column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { flag, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { checkIp, ipOptions, ports } from "../define/tcp.js";
import { sinceFirst } from "../define/times.js";
import { DnsAnswers } from "./dns.js";
import { type ConnectCount, connectCounts, type ConnectEvent, connectEvent, connectKey, dnsPacket } from "./schema.js";

const definition = define({
  name: "tcpconnect",
  summary: "TCP connections that processes start",
  options: {
    timestamp: showing(flag("show the time since the first event", { short: "t" })),
    ...whoOptions({ pid: "p", uid: "u" }),
    port: ports("remotePort", "only the remote ports PORTS, separated by commas", { short: "P", value: "PORTS" }),
    ...ipOptions,
    lport: showing(flag("show the local port", { short: "L" })),
    printUid: showing(flag("show the user id", { short: "U" })),
    dns: showing(flag("show the DNS name that resolved to the address", { short: "d" })),
  },
  check: checkIp,
  variants: ({ dns }) => [
    {
      programs: ["state", "state_by_packet", "retransmit", ...(dns ? ["dns_sent", "dns_received"] : [])],
      interruptible: ["state", "state_by_packet", "retransmit"],
    },
  ],
  outputs: ({ ring, table }) => ({
    events: ring(connectEvent, {
      mapEvents({ dns }) {
        if (!dns) return undefined;
        const answers = new DnsAnswers();
        return {
          side: { schema: dnsPacket, take: (row) => answers.take(row) },
          event(event): ConnectEvent {
            const answer = answers.find(event);
            return answer ? { ...event, query: answer.name, queryAgeMs: event.time - answer.time } : event;
          },
        };
      },
      banner: "Tracing connect ... Hit Ctrl-C to end",
      columns: ({ timestamp, printUid, lport, dns }) => [
        timestamp && column("TIME(s)", "%-9.3f", sinceFirst()),
        printUid && column("UID", "%-6d", (e) => e.uid),
        column("PID", "%-7d ", (e) => e.pid),
        column("COMM", "%-12.12s ", (e) => e.comm),
        column("IP", "%-2d ", (e) => e.ip),
        column("SADDR", "%-16s ", (e) => e.localAddress),
        lport && column("LPORT", "%-6d ", (e) => e.localPort),
        column("DADDR", "%-16s ", (e) => e.remoteAddress),
        column("DPORT", "%-6d ", (e) => e.remotePort, "%-6s"),
        dns && column("QUERY", "%s", query, " %s"),
      ],
    }),
    count: table("counts", {
      help: "count connections by addresses and remote port; show the table at the end",
      short: "c",
      key: connectKey,
      value: connectCounts,
      record: connectEvent,
      constants: { count_only: true },
      check({ dns }) {
        if (dns) throw new UsageError("count and dns exclude each other");
      },
      banner: "Tracing connect ... Hit Ctrl-C to end",
      order: () => (a, b) => a.ip - b.ip || b.count - a.count,
      columns: () => [
        column("LADDR", "%-25s ", (row: ConnectCount) => row.localAddress),
        column("RADDR", "%-25s ", (row: ConnectCount) => row.remoteAddress),
        column("RPORT", "%-20s ", (row: ConnectCount) => row.remotePort),
        column("CONNECTS", "%-10d", (row: ConnectCount) => row.count),
      ],
    }),
  }),
  main: "events",
});

/** Options of `tcpconnect`. */
export interface TcpconnectOptions extends GivenTo<typeof definition> {}

/**
 * TCP connections that processes start, blocking, non-blocking or through io_uring, once a SYN was sent, even if they are
 * refused or time out. The event comes with the first answer or the second SYN, because only then is the local port known: at
 * most about a second after the connect. Its time is that of the connect. A connection that is unanswered when the trace ends
 * is not shown.
 *
 * Options and columns are those of BCC's tcpconnect. An IPv4 connection of an IPv6 socket is IPv4 here, with dotted addresses,
 * also for the options `ipv4` and `ipv6`. `dns` watches the queries and answers of 64-bit processes over UDP, with the calls
 * send, sendto, sendmsg, sendmmsg and write, and recv, recvfrom, recvmsg, recvmmsg and read; it costs every system call of the
 * machine some nanoseconds, and those calls a fraction of a microsecond. An answer counts if its socket had asked that server
 * that question. It counts for connects in the same network namespace: first for those of the process that received it, then
 * for others of its user and, if that is a system user (an id below 1000), for all.
 */
export const tcpconnect: ProbeOf<typeof definition, TcpconnectOptions, ConnectEvent> = probe(definition);

const LATE_MS = 100;

function query({ remoteAddress, query, queryAgeMs = 0 }: ConnectEvent): string {
  if (remoteAddress === "127.0.0.1" || remoteAddress === "::1") return "localhost";
  if (query === undefined) return "No DNS Query";
  return queryAgeMs > LATE_MS ? `${query} (${queryAgeMs.toFixed(3)}ms)` : query;
}
