import { type KillEvent, killsnoop } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const event: KillEvent = {
  ...{
    time: new Date(2026, 0, 1, 12, 10, 51).getTime(),
    pid: 13967,
    tid: 13968,
    ppid: 1,
    execId: 1,
    uid: 0,
    comm: "bash",
  },
  ...{ cgroupId: 1, mntnsId: 1, cpu: 0, targetPid: 13885, signal: 9, ret: 0 },
};

test("the table is BCC's, with room for the longest process ids", () => {
  const columns = killsnoop().info.columns();
  const line = (changes: Partial<KillEvent>): string =>
    columns.map((column) => column.cell({ ...event, ...changes })).join("");
  expect([
    columns.map(({ head }) => head).join(""),
    line({}),
    line({ targetPid: -4194304, ret: -3, comm: "a\nb" }),
  ]).toEqual([
    "TIME      PID      COMM             SIG  TPID     RESULT",
    "12:10:51  13967    bash             9    13885    0",
    "12:10:51  13967    a\\nb             9    -4194304 -3",
  ]);
});

test("signals are numbers or names, with commas between", () => {
  const ways = ["9,15", "KILL,SIGTERM", ["9", "TERM"], [9, 15]];
  for (const signal of ways) expect(() => killsnoop({ signal: signal as number[] })).not.toThrow();
  for (const signal of ["", "65", "SIGNOTHING", "9,,15", "-1", []])
    expect(() => killsnoop({ signal: signal as number[] })).toThrow(UsageError);
});
