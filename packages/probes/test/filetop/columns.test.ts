import { Table } from "@rxbpf/core";
import type { Column } from "@rxbpf/core/events";
import { type FileCount, filetop } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const row: FileCount = {
  ...{
    time: Date.UTC(2026, 0, 1, 12),
    pid: 1,
    tid: 23_392,
    comm: "bash",
    cgroupId: 1,
    file: "urandom",
    type: "regular",
  },
  ...{ reads: 10_242, writes: 3, readBytes: 2_500_000, writtenBytes: 1023 },
};

test("columns are BCC's, under the time and the load", () => {
  const { columns, tableHeading, tableRows } = filetop().info;
  const all = columns() as readonly Column<FileCount>[];
  expect(all.map(({ head }) => head).join("")).toBe("TID     COMM             READS  WRITES R_Kb    W_Kb    T FILE");
  expect(all.map((column) => column.cell(row)).join("")).toBe(
    "23392   bash             10242  3      2441    0       R urandom",
  );
  expect(tableHeading!(new Table(Date.now(), []))).toMatch(
    /^\d\d:\d\d:\d\d loadavg: [\d.]+ [\d.]+ [\d.]+ \d+\/\d+ \d+$/,
  );
  expect(tableHeading!(new Table(row.time, []))).toMatch(/^\d\d:\d\d:\d\d$/);
  expect(tableRows).toBe(20);
});

test("each table takes the place of the one before, unless it should not", () => {
  expect([filetop().info.tableInPlace, filetop({ noclear: true }).info.tableInPlace]).toEqual([true, false]);
});

test("options that do not fit are refused", () => {
  expect(() => filetop({ sort: "size" as never })).toThrow(UsageError);
  expect(() => filetop({ readOnly: true, writeOnly: true })).toThrow(UsageError);
  expect(() => filetop({ directory: "/no/such/directory" })).toThrow(UsageError);
});
