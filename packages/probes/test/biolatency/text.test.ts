import { Histogram, Table } from "@rxbpf/core";
import { biolatency, type Latency } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const row: Latency = {
  ...{ time: 1_700_000_000_000, flags: 0, disk: "sda", totalUs: 12_345 },
  latency: new Histogram([0, 3, 12, 1], "log2", "us"),
};

test("histograms are BCC's, under the disk's name, with average, total and count below", () => {
  const { tableText } = biolatency({ disks: true, extension: true }).info;
  expect(tableText!(new Table(row.time, [row]) as Table<never>)).toBe(
    `
disk = sda
     usecs               : count     distribution
         0 -> 1          : 0        |                                        |
         2 -> 3          : 3        |**********                              |
         4 -> 7          : 12       |****************************************|
         8 -> 15         : 1        |***                                     |

avg = 771 usecs, total: 12345 usecs, count: 16
`,
  );
});

test("with flags they are under the flags' names; milliseconds are shown as such", () => {
  const { tableText } = biolatency({ flags: true, extension: true, milliseconds: true }).info;
  const shown = { ...row, disk: "", flagNames: "Sync-Read", latency: new Histogram([2], "log2", "ms") };
  expect(tableText!(new Table(row.time, [shown]) as Table<never>)).toBe(
    `
flags = Sync-Read
     msecs               : count     distribution
         0 -> 1          : 2        |****************************************|

avg = 6 msecs, total: 12 msecs, count: 2
`,
  );
});

test("disks and flags exclude each other", () => {
  expect(() => biolatency({ disks: true, flags: true })).toThrow(UsageError);
});
