import { type ExecEvent, execsnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { argsOf, type Options } from "./execs.js";

const event: ExecEvent = {
  time: new Date(2024, 0, 2, 14, 8, 23, 999).getTime(),
  pid: 171318,
  tid: 171318,
  ppid: 133702,
  execId: 1,
  uid: 1000,
  comm: "ls",
  cgroupId: 1,
  mntnsId: 1,
  cpu: 3,
  pcomm: "bash",
  ret: 0,
  filename: "/bin/ls",
  file: "/usr/bin/ls",
  device: 0x800001,
  fsPath: "/usr/bin/ls",
  cwd: "/",
  interpreter: "",
  args: ["ls", "--color=auto"],
  interpreterArgs: [],
  truncated: false,
};
const failed: Partial<ExecEvent> = {
  pid: 9660,
  ppid: 1956,
  comm: "run",
  pcomm: "supervise",
  ret: -2,
  filename: "/usr/local/bin/setuidgid",
  args: ["setuidgid", "nobody", "./main"],
};

/** The table of events under some options: its heading, then a line for each event. */
function table(options: Options, ...events: readonly Partial<ExecEvent>[]): string[] {
  const columns = execsnoop(options).info.columns();
  const lines = events.map((changes) => columns.map((column) => column.cell({ ...event, ...changes })).join(""));
  return [columns.map(({ head }) => head).join(""), ...lines];
}

test("the table is BCC's", () => {
  expect(table({ fails: true }, {}, failed)).toEqual([
    "PCOMM            PID     PPID    RET ARGS",
    "ls               171318  133702    0 /bin/ls --color=auto",
    "run              9660    1956     -2 /usr/local/bin/setuidgid nobody ./main",
  ]);
});

test("with the parent's name that is PCOMM, and the process's own COMM", () => {
  expect(table({ printPcomm: true }, {}, failed)).toEqual([
    "COMM             PID     PCOMM            PPID    RET ARGS",
    "ls               171318  bash             133702    0 /bin/ls --color=auto",
    "run              9660    supervise        1956     -2 /usr/local/bin/setuidgid nobody ./main",
  ]);
});

test("the time of day is that of the event", () => {
  expect(table({ time: true }, {})).toEqual([
    "TIME     PCOMM            PID     PPID    RET ARGS",
    "14:08:23 ls               171318  133702    0 /bin/ls --color=auto",
  ]);
});

test("the timestamp is in seconds since the table was made", () => {
  const later = { time: performance.timeOrigin + performance.now() + 2849 };
  const [head, line] = table({ timestamp: true, time: true }, later) as [string, string];
  expect(head).toBe("TIME     TIME(s) PCOMM            PID     PPID    RET ARGS");
  expect(line.slice(9)).toMatch(/^2\.8\d\d   ls               171318  133702    0 /);
});

test("user and processor stand where BCC has them", () => {
  expect(table({ printUid: true, printCpu: true }, {}, { ...failed, cpu: 12, uid: 0 })).toEqual([
    "UID   PCOMM            PID     PPID    CPU  RET ARGS",
    "1000  ls               171318  133702  3      0 /bin/ls --color=auto",
    "0     run              9660    1956    12    -2 /usr/local/bin/setuidgid nobody ./main",
  ]);
});

test("all columns at once stand in BCC's order", () => {
  const [head] = table({ time: true, timestamp: true, printUid: true, printPcomm: true, printCpu: true });
  expect(head).toBe("TIME     TIME(s) UID   COMM             PID     PCOMM            PPID    CPU  RET ARGS");
});

test("quotes are around each argument, those within it escaped, and not around `...`", () => {
  const args = ["x", "a b", 'say "hi"', "", "..."];
  expect(table({ quote: true }, { args })[1]).toMatch(/ "\/bin\/ls" "a b" "say \\"hi\\"" "" "\.\.\."$/);
  expect(table({ quote: true }, { args, truncated: true })[1]).toMatch(/ "\.\.\." \.\.\.$/);
  expect(table({ quote: true, maxArgs: 2 }, { args })[1]).toMatch(/ "\/bin\/ls" "a b" \.\.\.$/);
});

test("nothing that a process says can forge a line or a colour", () => {
  const hostile = { comm: "a\n\u001b[2J", args: ["x", "b\nc\u001b[31m\u202e"], filename: "/\r" };
  const [, line] = table({}, hostile);
  expect(line).toBe(`${"a\\n\\x1b[2J".padEnd(16)} 171318  133702    0 /\\r b\\nc\\x1b[31m\\u202e`);
});

test("the command of a script is as its caller gave it", () => {
  const script = { ...event, filename: "./s", interpreter: "/bin/sh", args: ["./s", "1"] };
  expect(argsOf(script)).toBe("./s 1");
});
