import { sampleEvent } from "@rxbpf/core";
import type { Column } from "@rxbpf/core/events";
import { type LifeEvent, lifeEvent, tcplife } from "@rxbpf/probes";
import { expect, test } from "vitest";

const event: LifeEvent = sampleEvent(lifeEvent, {
  ...{ time: Date.UTC(2026, 0, 1, 12), pid: 22597, comm: "recordProgres", ip: 4 },
  ...{ localAddress: "127.0.0.1", localPort: 46644, remoteAddress: "127.0.0.1", remotePort: 28527 },
  ...{ sentBytes: 1023, receivedBytes: 2_500_000, durationNs: 230_240_000 },
});

function lines(options: NonNullable<Parameters<typeof tcplife>[0]>, ...events: readonly LifeEvent[]): string[] {
  const columns = tcplife(options).info.columns() as readonly Column<LifeEvent>[];
  const rows = events.map((row) => columns.map((column) => column.cell(row)).join(""));
  return [columns.map(({ head }) => head).join(""), ...rows];
}

test("columns are BCC's", () => {
  expect(lines({}, event)).toEqual([
    "PID   COMM       LADDR           LPORT RADDR           RPORT TX_KB RX_KB MS",
    "22597 recordProg 127.0.0.1       46644 127.0.0.1       28527     0  2441 230.24",
  ]);
});

test("with times, and wide, with the IP version", () => {
  const v6 = { ...event, ip: 6, localAddress: "fd77::1", remoteAddress: "fd77::2", time: event.time + 1500.25 };
  const [head, first, second] = lines({ time: true, timestamp: true, wide: true }, event, v6);
  expect(head).toBe(
    `TIME     TIME(s)   PID   COMM             IP LADDR${" ".repeat(35)}LPORT RADDR${" ".repeat(35)}RPORT  TX_KB  RX_KB MS`,
  );
  expect(first).toMatch(/^\d\d:\d\d:\d\d 0\.000000 {2}22597 recordProgres {4}4 {2}127\.0\.0\.1 {31}46644 /);
  expect(second).toMatch(
    /^\d\d:\d\d:\d\d 1\.500250 {2}22597 recordProgres {4}6 {2}fd77::1 {33}46644 fd77::2 {33}28527 {6}0 {3}2441 230\.24$/,
  );
});
