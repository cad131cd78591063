import { type ExitEvent, exitsnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

const event: ExitEvent = {
  ...{ time: Date.UTC(2026, 0, 1, 12, 10, 51, 7), pid: 8706, tid: 8706, ppid: 8704, execId: 1, uid: 0, comm: "sleep" },
  ...{ cgroupId: 1, mntnsId: 1, cpu: 0, startTime: 0, ageUs: 1_234_567, exitCode: 0, signal: 0, coreDumped: false },
};

function table(options: Parameters<typeof exitsnoop>[0], ...events: readonly Partial<ExitEvent>[]): string[] {
  const columns = exitsnoop(options).info.columns();
  const lines = events.map((changes) => columns.map((column) => column.cell({ ...event, ...changes })).join(""));
  return [columns.map(({ head }) => head).join(""), ...lines];
}

test("the table is BCC's; real-time signals have a name too", () => {
  const ends = [{}, { exitCode: 3 }, { signal: 9 }, { signal: 6, coreDumped: true }, { signal: 37 }, { signal: 33 }];
  expect(table({}, ...ends)).toEqual([
    "PCOMM            PID     PPID    TID     AGE(s)  EXIT_CODE ",
    "sleep            8706    8704    8706    1.23    0",
    "sleep            8706    8704    8706    1.23    code 3",
    "sleep            8706    8704    8706    1.23    signal 9 (KILL)",
    "sleep            8706    8704    8706    1.23    signal 6 (ABRT), core dumped",
    "sleep            8706    8704    8706    1.23    signal 37 (RTMIN+3)",
    "sleep            8706    8704    8706    1.23    signal 33 (unknown)",
  ]);
});

test("times and labels are BCC's; utc alone shows the time too, and an empty label is exit", () => {
  expect(table({ utc: true, label: "" }, {})).toEqual([
    "TIME-UTC     LABEL PCOMM            PID     PPID    TID     AGE(s)  EXIT_CODE ",
    "12:10:51.007 exit  sleep            8706    8704    8706    1.23    0",
  ]);
  expect(table({ label: "x\n" }, {})[1]).toMatch(/^x\\n {3}sleep /);
  const [head, line] = table({ timestamp: true }, {});
  expect(head).toMatch(/^TIME-\S+ /);
  expect(line).toMatch(/^\d\d:\d\d:51\.007 sleep /);
});
