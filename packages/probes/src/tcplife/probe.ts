import { column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { flag } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { accepting, checkIp, ipOptions, ports } from "../define/tcp.js";
import { clockTime, sinceFirst } from "../define/times.js";
import { type LifeEvent, lifeEvent } from "./schema.js";

const definition = define({
  name: "tcplife",
  summary: "TCP sessions that end, with their bytes and duration",
  options: {
    time: showing(flag("show the time of day", { short: "T" })),
    timestamp: showing(flag("show the time since the first event", { short: "t" })),
    wide: showing(flag("show wide columns, for IPv6, and the IP version", { short: "w" })),
    ...whoOptions({ pid: "p" }),
    localport: ports("localPort", "only the local ports PORTS, separated by commas", { short: "L", value: "PORTS" }),
    remoteport: ports(
      "remotePort",
      "only the remote ports PORTS, separated by commas",
      { short: "D", value: "PORTS" },
      "remote_ports",
    ),
    ...ipOptions,
  },
  csvLetter: "s",
  check: checkIp,
  variants: () => accepting({ programs: [...PAIRED, "sys_exit"], interruptible: PAIRED }),
  outputs: ({ ring }) => ({
    events: ring(lifeEvent, {
      columns({ time, timestamp, wide }) {
        const address = wide ? "%-39s " : "%-15s ";
        const kilobytes = wide ? "%6d " : "%5d ";
        return [
          time && column("TIME", "%-8s ", clockTime),
          timestamp && column("TIME(s)", "%-9.6f ", sinceFirst()),
          column("PID", "%-5d ", (e) => e.pid),
          column("COMM", wide ? "%-16.16s " : "%-10.10s ", (e) => e.comm),
          wide && column("IP", "%-2d ", (e) => e.ip),
          column("LADDR", address, (e) => e.localAddress),
          column("LPORT", "%-5d ", (e) => e.localPort),
          column("RADDR", address, (e) => e.remoteAddress),
          column("RPORT", "%-5d ", (e) => e.remotePort),
          column("TX_KB", kilobytes, (e) => Math.floor(e.sentBytes / 1024)),
          column("RX_KB", kilobytes, (e) => Math.floor(e.receivedBytes / 1024)),
          column("MS", "%.2f", (e) => e.durationNs / 1e6),
        ];
      },
    }),
  }),
  main: "events",
});

/** Options of `tcplife`. */
export interface TcplifeOptions extends GivenTo<typeof definition> {}

/**
 * TCP sessions, when they end: which process connected or accepted, how many bytes were sent and received, and how long the
 * session lasted.
 *
 * Bytes come from the kernel's own counters of the socket, without the one that TCP counts for a SYN or a FIN: bytes sent that
 * the peer acknowledged, and bytes received, whether or not the process read them. A session begins when it is established. It
 * ends when both sides are done: for the side that closes first, when the peer has closed too or the kernel stops waiting for
 * it.
 *
 * Options and columns are those of BCC's tcplife, except that CSV has all fields, in bytes and nanoseconds, as for every probe.
 * It differs where BCC's has faults: the process is the one that connected or accepted, not the one that ran when a packet came;
 * an IPv4 session of an IPv6 socket is IPv4, with dotted addresses; byte columns do not count SYN and FIN.
 *
 * It costs a session 1.6 µs at each end, and each system call of the machine 55 ns, by the kernel's count
 * (`sysctl kernel.bpf_stats_enabled=1`, `bpftool prog`).
 *
 * Not seen: sessions that began before the trace; sessions that no process accepted; those under an accepted MPTCP socket; a
 * process that got the socket from another. For connections that io_uring accepts without a file descriptor, see `tcpaccept`.
 */
export const tcplife: ProbeOf<typeof definition, TcplifeOptions, LifeEvent> = probe(definition);

const PAIRED = ["state", "state_by_packet", "destroy", "destroy_by_packet"] as const;
