import { type BlockEvent, biosnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

const event: BlockEvent = {
  ...{ time: 1_700_000_000_000, pid: 1950, tid: 1950, ppid: 1, execId: 1, uid: 0, comm: "supervise-longer" },
  ...{ cgroupId: 1, mntnsId: 1, cpu: 0, disk: "xvda1", operation: "write", sector: 13092560, bytes: 4096 },
  ...{ pattern: "sequential", queuedNs: 1_234_000, latencyNs: 740_000 },
};

function table(options: Parameters<typeof biosnoop>[0], ...events: readonly Partial<BlockEvent>[]): string[] {
  const columns = biosnoop(options).info.columns();
  const lines = events.map((changes) => columns.map((column) => column.cell({ ...event, ...changes })).join(""));
  return [columns.map(({ head }) => head).join(""), ...lines];
}

test("the table is BCC's", () => {
  expect(table({}, {}, { time: event.time + 4.25, operation: "flush", bytes: 0, sector: 0 })).toEqual([
    "TIME(s)     COMM           PID     DISK      T SECTOR     BYTES  LAT(ms)",
    "0.000000    supervise-long 1950    xvda1     W 13092560   4096      0.74",
    "0.004250    supervise-long 1950    xvda1     F 0          0         0.74",
  ]);
});

test("with pattern and queue it is BCC's", () => {
  expect(table({ pattern: true, queue: true }, {}, { pattern: "random" }, { pattern: "unknown" })).toEqual([
    "TIME(s)     COMM           PID     DISK      T SECTOR     BYTES  P QUE(ms) LAT(ms)",
    "0.000000    supervise-long 1950    xvda1     W 13092560   4096   S    1.23    0.74",
    "0.000000    supervise-long 1950    xvda1     W 13092560   4096   R    1.23    0.74",
    "0.000000    supervise-long 1950    xvda1     W 13092560   4096   ?    1.23    0.74",
  ]);
});
