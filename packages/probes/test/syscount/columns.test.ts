import { Table } from "@rxbpf/core";
import type { Column } from "@rxbpf/core/events";
import { type CallCount, syscount } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const row: CallCount = {
  ...{ time: 1_700_000_000_000, pid: 0, comm: "", cgroupId: 1, call: 0, compat: false },
  ...{ name: "read", count: 12_345, timeNs: 1_234_567_891 },
};

function text(options: NonNullable<Parameters<typeof syscount>[0]>, shown: CallCount = row): string[] {
  const columns = syscount(options).info.columns() as readonly Column<CallCount>[];
  return [columns.map(({ head }) => head).join(""), columns.map((column) => column.cell(shown)).join("")];
}

test("columns are BCC's", () => {
  expect(text({})).toEqual(["SYSCALL                   COUNT", "read                      12345"]);
  expect(text({ latency: true })).toEqual([
    "SYSCALL                   COUNT        TIME (us)",
    "read                      12345      1234567.891",
  ]);
  expect(text({ latency: true, milliseconds: true })).toEqual([
    "SYSCALL                   COUNT        TIME (ms)",
    "read                      12345      1234.567891",
  ]);
  expect(text({ process: true }, { ...row, pid: 7, comm: "cat" })).toEqual([
    "PID    COMM               COUNT",
    "7      cat                12345",
  ]);
});

test("the time of day stands above each table; text has ten rows unless it is said", () => {
  const { tableHeading, tableRows } = syscount().info;
  expect(tableHeading!(new Table(row.time, []))).toMatch(/^\[\d\d:\d\d:\d\d\]$/);
  expect([tableRows, syscount({ rows: 3 }).info.tableRows]).toEqual([10, 3]);
});

test("errors and calls are given by names that there are", () => {
  expect(() => syscount({ errno: "ENOSUCH" })).toThrow(UsageError);
  expect(() => syscount({ errno: 0 })).toThrow(UsageError);
  expect(() => syscount({ syscall: "no_such_call" })).toThrow(UsageError);
});
