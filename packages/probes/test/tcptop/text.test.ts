import { Table } from "@rxbpf/core";
import { tcptop, type Traffic } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const row: Traffic = {
  ...{ time: Date.UTC(2026, 0, 1, 12), pid: 17_287, comm: "a long name", cgroupId: 1, ip: 4, netnsId: 4_026_531_840 },
  ...{ localAddress: "10.0.2.15", localPort: 22, remoteAddress: "10.0.2.2", remotePort: 62_190 },
  ...{ receivedBytes: 1023, sentBytes: 49_000 },
};
const v6 = { ...row, ip: 6, localAddress: "fd77::1", remoteAddress: "fd77::2", receivedBytes: 2048 };

test("sessions are written as BCC writes them, those of IPv6 after those of IPv4", () => {
  const { tableParts } = tcptop().info;
  const written = (...rows: Traffic[]): string[] => {
    const lines = tableParts!(new Table(row.time, rows) as Table<never>).map(({ columns, rows: own }) => [
      columns.map(({ head }) => head).join(""),
      ...own.map((one) => columns.map((column) => column.cell(one)).join("")),
    ]);
    return lines.map((part) => part.join("\n"));
  };
  expect(written(v6, row).join("\n\n")).toBe(
    `PID     COMM         LADDR                 RADDR                  RX_KB  TX_KB
17287   a long name  10.0.2.15:22          10.0.2.2:62190             0     47

PID     COMM         LADDR6                           RADDR6                            RX_KB  TX_KB
17287   a long name  [fd77::1]:22                     [fd77::2]:62190                       2     47`,
  );
  expect(written()).toEqual([]);
});

test("the time and the load stand above each table, unless they should not", () => {
  expect(tcptop().info.tableHeading!(new Table(Date.now(), []))).toMatch(/^\d\d:\d\d:\d\d loadavg: /);
  expect(tcptop({ nosummary: true }).info.tableHeading).toBeUndefined();
  expect([tcptop().info.tableInPlace, tcptop({ noclear: true }).info.tableInPlace]).toEqual([true, false]);
});

test("both IP versions leave nothing", () => {
  expect(() => tcptop({ ipv4: true, ipv6: true })).toThrow(UsageError);
});
