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

/** What `tcplife` can be asked for. */
export interface TcplifeOptions extends GivenTo<typeof definition> {}

/**
 * TCP sessions, each told when it has ended: who connected or accepted it, what was sent and received, how long it lasted.
 *
 * Bytes are those of the kernel's own counters for the socket, without the one that TCP counts for a SYN or a FIN: what the peer
 * has acknowledged, and what has come, whether or not the process read it. A session begins when it is established; it ends when
 * both sides are done with it, which for the one that closes first is when the peer has closed too, or the kernel no longer waits for it.
 *
 * Options and columns are those of BCC's tcplife, but for its CSV: that has all fields, bytes and nanoseconds, as of every probe.
 * Where BCC's has faults this differs: the process is who connected or accepted, not whoever ran when a packet came; an IPv4 session of
 * an IPv6 socket is IPv4, with dotted addresses; columns of bytes do not count SYN and FIN.
 *
 * It costs a session 1.6 µs at each end, and each system call of the machine 55 ns, by the kernel's count
 * (`sysctl kernel.bpf_stats_enabled=1`, `bpftool prog`).
 *
 * Not seen: sessions from before the trace; those that no process accepted; those under an accepted MPTCP socket; who got a
 * socket from another process. Connections that io_uring accepts without a file descriptor: as in `tcpaccept`.
 */
export const tcplife: ProbeOf<typeof definition, TcplifeOptions, LifeEvent> = probe(definition);

const PAIRED = ["state", "state_by_packet", "destroy", "destroy_by_packet"] as const;
