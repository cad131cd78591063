import { type OpenEvent, opensnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

type Options = Parameters<typeof opensnoop>[0];

const event: OpenEvent = {
  time: 1_700_000_000_000,
  pid: 1576,
  tid: 1580,
  ppid: 1,
  execId: 1,
  uid: 1000,
  comm: "snmpd",
  cgroupId: 1,
  mntnsId: 1,
  cpu: 0,
  ret: 9,
  flags: 0o2000000,
  mode: 0,
  path: "/proc/net/dev",
  truncated: false,
  ioUring: false,
};

/** The table of events under some options: its heading, then a line for each event. */
function table(options: Options, ...events: readonly Partial<OpenEvent>[]): string[] {
  const columns = opensnoop(options).info.columns();
  const lines = events.map((changes) => columns.map((column) => column.cell({ ...event, ...changes })).join(""));
  return [columns.map(({ head }) => head).join(""), ...lines];
}

test("the table is BCC's", () => {
  expect(table({}, {}, { pid: 17358, comm: "run", ret: -6, path: "/dev/tty" })).toEqual([
    "PID    COMM               FD ERR PATH",
    "1576   snmpd               9   0 /proc/net/dev",
    "17358  run                -1   6 /dev/tty",
  ]);
});

test("with flags and mode it is BCC's: the mode is n/a where the call cannot make a file", () => {
  expect(
    table(
      { extendedFields: true },
      { pid: 12458, comm: "open", ret: 3, path: "/etc/ld.so.cache" },
      { ret: 4, flags: 0o102, mode: 0o640, path: "/tmp/made" },
      { ret: 4, flags: 0o101, mode: 0, path: "/tmp/for nobody" },
      { ret: 0, flags: 0o20200002, mode: 0o4755, path: "/tmp" },
    ),
  ).toEqual([
    "PID    COMM               FD ERR FLAGS    MODE PATH",
    "12458  open                3   0 02000000 n/a  /etc/ld.so.cache",
    "1576   snmpd               4   0 00000102 0640 /tmp/made",
    "1576   snmpd               4   0 00000101 0000 /tmp/for nobody",
    "1576   snmpd               0   0 20200002 4755 /tmp",
  ]);
});

test("with timestamps it is BCC's, in seconds since the first event of the table", () => {
  expect(
    table({ timestamp: true }, { time: event.time }, { time: event.time + 1.5 }, { time: event.time + 90_000 }),
  ).toEqual([
    "TIME(s)       PID    COMM               FD ERR PATH",
    "0.000000000   1576   snmpd               9   0 /proc/net/dev",
    "0.001500000   1576   snmpd               9   0 /proc/net/dev",
    "90.000000000  1576   snmpd               9   0 /proc/net/dev",
  ]);
  const stream = opensnoop({ timestamp: true });
  for (const time of [event.time, event.time + 5_000]) {
    const cells = stream.info.columns().map((column) => column.cell({ ...event, time }));
    expect(cells[0]).toBe("0.000000000   ");
  }
});

/** Each column's part of the heading and of a line, by the option that it belongs to, in their order. */
const PARTS = [
  ["timestamp", "TIME(s)       ", "0.000000000   "],
  ["printUid", "UID   ", "1000  "],
  ["tid", "TID    ", "1580   "],
  ["pid", "PID    ", "1576   "],
  ["", "COMM             ", "snmpd            "],
  ["", "  FD ERR ", "   9   0 "],
  ["extendedFields", "FLAGS    MODE ", "02000000 n/a  "],
  ["", "PATH", "/proc/net/dev"],
] as const;

test.each(
  Array.from({ length: 16 }, (_, i) => ({
    timestamp: !!(i & 1),
    printUid: !!(i & 2),
    extendedFields: !!(i & 4),
    byTid: !!(i & 8),
  })),
)("the columns of %j are BCC's, in its order", ({ byTid, ...flags }) => {
  const shown = { ...flags, tid: byTid, pid: !byTid, "": true };
  const parts = PARTS.filter(([option]) => shown[option]);
  expect(table({ ...flags, ...(byTid ? { tid: 1580 } : {}) }, {})).toEqual([
    parts.map(([, head]) => head).join(""),
    parts.map(([, , cell]) => cell).join(""),
  ]);
});

test("what is wider than its column moves the rest, and is not cut", () => {
  expect(table({}, { pid: 4194304, comm: "fifteen-letters", ret: 12345, path: "/a" })[1]).toBe(
    "4194304 fifteen-letters  12345   0 /a",
  );
});

test("a name cannot forge or hide a line; a path that was cut says so", () => {
  expect(table({}, { comm: "a\nb", path: "/tmp/\x1b[1A\x1b[2K\n0 root\u202e", truncated: true })[1]).toBe(
    "1576   a\\nb                9   0 /tmp/\\x1b[1A\\x1b[2K\\n0 root\\u202e...",
  );
});
