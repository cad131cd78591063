import { column, type Column } from "@rxbpf/core";

import { flag, isWanted, processId } from "../define/options.js";
import { probe } from "../define/probe.js";
import { accepting, checkIp, ipOptions, isOfIp, ports, tcpKnobs } from "../define/tcp.js";
import { clockTime, sinceFirst } from "../define/times.js";
import { type AcceptEvent, acceptEvent } from "./schema.js";

/**
 * TCP connections that processes accept: by accept, accept4 and io_uring, one-shot and multishot.
 *
 * Options and columns are those of BCC's tcpaccept. An IPv4 connection to a socket that serves both
 * versions is IPv4 here, with dotted addresses, for `ipv4` and `ipv6` too; BCC shows its socket's version.
 * Connections that io_uring accepts without a file descriptor, into its own table, are shown from kernel 6.13 on; before,
 * they are counted as lost.
 */
export const tcpaccept = probe({
  name: "tcpaccept",
  summary: "TCP connections that processes accept",
  event: acceptEvent,
  options: {
    time: flag("show the time of day", { short: "T" }),
    timestamp: flag("show the time since the first event", { short: "t" }),
    pid: processId("only the process PID", { short: "p", value: "PID" }),
    port: ports("only the local ports PORTS, with commas between", { short: "P", value: "PORTS" }),
    ...ipOptions,
  },
  check: checkIp,
  variants: () => accepting({ programs: ["sys_exit"] }),
  knobs: ({ pid, port, ...ip }) => ({ only_pid: pid, ...tcpKnobs(ip, port) }),
  recorded: {
    options: ["time", "timestamp", "pid", "port", "ipv4", "ipv6"],
    matches:
      ({ pid, port, ...ip }) =>
      (event: AcceptEvent) =>
        isWanted(pid, event.pid) && isOfIp(ip, event.ip) && (!port || port.includes(event.localPort)),
  },
  columns({ time, timestamp }) {
    const columns: (Column<AcceptEvent> | undefined | false)[] = [
      time && column("TIME", "%-9s", clockTime),
      timestamp && column("TIME(s)", "%-9.3f", sinceFirst()),
      column("PID", "%-7d ", (e) => e.pid),
      column("COMM", "%-12.12s ", (e) => e.comm),
      column("IP", "%-2d ", (e) => e.ip),
      column("RADDR", "%-16s ", (e) => e.remoteAddress),
      column("RPORT", "%-5d ", (e) => e.remotePort),
      column("LADDR", "%-16s ", (e) => e.localAddress),
      column("LPORT", "%-5d", (e) => e.localPort),
    ];
    return columns.filter((column) => !!column);
  },
});
