import type { Table } from "@rxbpf/core";
import { type Column, column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { flag } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { shownColumns } from "../define/show.js";
import { checkIp, ipOptions } from "../define/tcp.js";
import { loadHeading, topOptions } from "../define/top.js";
import { type Traffic, traffic, trafficKey } from "./schema.js";

const definition = define({
  name: "tcptop",
  summary: "bytes that processes send and receive over TCP, by session",
  options: {
    ...topOptions,
    nosummary: showing(flag("no heading with time and load above each table", { short: "S" })),
    ...whoOptions({ pid: "p" }),
    ...ipOptions,
  },
  positional: ["interval", "tables"],
  check: checkIp,
  variants: () => [
    { programs: ["send_length", "receive_length"] },
    {
      programs: ["sys_exit"],
      lacks: "what io_uring, sendmmsg and recvmmsg move, and socket calls of 32-bit processes",
    },
  ],
  outputs: ({ table }) => ({
    traffic: table("traffic", {
      key: trafficKey,
      value: traffic,
      every: 1,
      order: () => (a: Traffic, b: Traffic) => b.receivedBytes + b.sentBytes - (a.receivedBytes + a.sentBytes),
      banner: "Tracing... Output every second. Hit Ctrl-C to end",
      inPlace: ({ noclear }) => !noclear,
      heading: ({ nosummary }) => (nosummary ? undefined : loadHeading),
      columns: () => [],
      parts: (options) => (table) => partsOf(table, shownColumns(options) as Column<Traffic>[]),
    }),
  }),
  main: "traffic",
});

/** Options of `tcptop`. */
export interface TcptopOptions extends GivenTo<typeof definition> {}

/**
 * Bytes that processes send and receive over TCP, each second, by process and session: exactly what they wrote to their sockets
 * and read from them. Sessions of any length count; of a session that two processes share, each is counted with its own bytes.
 *
 * Options and columns are those of BCC's tcptop; `noclear` and `nosummary` only change the text. It differs where BCC's has
 * faults: an IPv4 session of an IPv6 socket is IPv4; an IPv6 address before a port is in brackets; a peek (MSG_PEEK) does not
 * count as received; a process that has ended is named.
 *
 * It counts at `sock_send_length` and `sock_recv_length`, which cost only the calls that send and receive, about 160 ns each by
 * the kernel's count (`sysctl kernel.bpf_stats_enabled=1`, `bpftool prog`). Packets and the sockets' own counters do not tell
 * which process the bytes belong to. Kernels before 6.3 lack these tracepoints: there it counts at the end of system calls, as
 * `attached` tells, and costs each system call of the machine about 50 ns.
 *
 * Not seen: bytes received by splice or TCP_ZEROCOPY_RECEIVE, and those that the kernel itself reads from a socket for a process.
 */
export const tcptop: ProbeOf<typeof definition, TcptopOptions, Table<Traffic>> = probe(definition);

/** IPv4 sessions, then IPv6 sessions in wider columns, as BCC's tcptop writes them. */
function partsOf({ rows }: Table<Traffic>, before: readonly Column<Traffic>[]) {
  return ([4, 6] as const)
    .map((version) => ({
      columns: [...before, ...columnsFor(version)],
      rows: rows.filter(({ ip }) => ip === version),
    }))
    .filter((part) => part.rows.length > 0);
}

function columnsFor(ip: 4 | 6): readonly Column<Traffic>[] {
  const [suffix, format] = ip === 4 ? ["", "%-21s "] : ["6", "%-32s "];
  const end = (address: string, port: number): string => (ip === 4 ? `${address}:${port}` : `[${address}]:${port}`);
  return [
    column("PID", "%-7d ", (row) => row.pid),
    column("COMM", "%-12.12s ", (row) => row.comm),
    column(`LADDR${suffix}`, format, (row) => end(row.localAddress, row.localPort)),
    column(`RADDR${suffix}`, format, (row) => end(row.remoteAddress, row.remotePort)),
    column("RX_KB", "%6d ", (row) => Math.floor(row.receivedBytes / 1024)),
    column("TX_KB", "%6d", (row) => Math.floor(row.sentBytes / 1024)),
  ];
}
