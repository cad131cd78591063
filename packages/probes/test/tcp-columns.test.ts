import type { EventStream } from "@rxbpf/core";
import {
  type AcceptEvent,
  type ConnectEvent,
  type SessionEvent,
  tcpaccept,
  tcpconnect,
  tcptracer,
} from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

/** The text table that a stream would make of rows: banner, heading, lines. */
function table<E>({ info }: EventStream<unknown>, rows: readonly E[]): string[] {
  const columns = info.columns();
  const lines = rows.map((row) => columns.map((column) => column.cell(row)).join(""));
  return [...(info.banner === undefined ? [] : [info.banner]), columns.map(({ head }) => head).join(""), ...lines];
}

const who = { tid: 0, ppid: 0, execId: 1, uid: 1000, cgroupId: 0, mntnsId: 0, cpu: 0, netnsId: 4026531840 };
const IPV6 = "fe80::2000:bff:fe82:3ac";
const T0 = Date.UTC(2026, 0, 1, 12, 0, 0);

function connected(more: Partial<ConnectEvent> = {}): ConnectEvent {
  const ends = { localAddress: "10.201.219.236", localPort: 41234, remoteAddress: "54.245.105.25", remotePort: 80 };
  return { ...who, time: T0, pid: 1469, comm: "curl", ip: 4, ...ends, ...more };
}

describe("tcpconnect prints BCC's lines", () => {
  test("without options", () => {
    const v6 = { pid: 2015, comm: "ssh", ip: 6, localAddress: IPV6, remoteAddress: IPV6, remotePort: 22 };
    expect(table(tcpconnect(), [connected(), connected(v6), connected({ comm: "fifteen-letters" })])).toEqual([
      "Tracing connect ... Hit Ctrl-C to end",
      "PID     COMM         IP SADDR            DADDR            DPORT ",
      "1469    curl         4  10.201.219.236   54.245.105.25    80     ",
      `2015    ssh          6  ${IPV6} ${IPV6} 22     `,
      "1469    fifteen-lett 4  10.201.219.236   54.245.105.25    80     ",
    ]);
  });

  test("with time, user and local port", () => {
    const stream = tcpconnect({ timestamp: true, printUid: true, lport: true });
    expect(table(stream, [connected(), connected({ time: T0 + 1234.5 })]).slice(1)).toEqual([
      "TIME(s)  UID   PID     COMM         IP SADDR            LPORT  DADDR            DPORT ",
      "0.000    1000  1469    curl         4  10.201.219.236   41234  54.245.105.25    80     ",
      "1.234    1000  1469    curl         4  10.201.219.236   41234  54.245.105.25    80     ",
    ]);
  });

  test("with the name that the address was the answer for", () => {
    const rows = [
      connected({ query: "www.domain.com", queryAgeMs: 123.342 }),
      connected({ query: "www.domain.com", queryAgeMs: 99.9 }),
      connected(),
      connected({ remoteAddress: "127.0.0.1", query: "www.domain.com", queryAgeMs: 1 }),
      connected({ ip: 6, localAddress: "::1", remoteAddress: "::1" }),
      connected({ query: "evil\n\u001b[2J.example", queryAgeMs: 1 }),
    ];
    expect(table(tcpconnect({ dns: true }), rows).slice(1)).toEqual([
      "PID     COMM         IP SADDR            DADDR            DPORT  QUERY",
      "1469    curl         4  10.201.219.236   54.245.105.25    80     www.domain.com (123.342ms)",
      "1469    curl         4  10.201.219.236   54.245.105.25    80     www.domain.com",
      "1469    curl         4  10.201.219.236   54.245.105.25    80     No DNS Query",
      "1469    curl         4  10.201.219.236   127.0.0.1        80     localhost",
      "1469    curl         6  ::1              ::1              80     localhost",
      "1469    curl         4  10.201.219.236   54.245.105.25    80     evil\\n\\x1b[2J.example",
    ]);
  });

  test("counted", () => {
    const rows = [
      { ip: 4, localAddress: "192.168.10.50", remoteAddress: "172.217.21.194", remotePort: 443, count: 70 },
      { ip: 6, localAddress: "::1", remoteAddress: "::1", remotePort: 80, count: 100 },
    ];
    expect(table(tcpconnect.count(), rows)).toEqual([
      "Tracing connect ... Hit Ctrl-C to end",
      "LADDR                     RADDR                     RPORT                CONNECTS  ",
      "192.168.10.50             172.217.21.194            443                  70        ",
      "::1                       ::1                       80                   100       ",
    ]);
  });
});

describe("tcpaccept prints BCC's lines", () => {
  const accepted = (more: Partial<AcceptEvent> = {}): AcceptEvent => {
    const ends = { localAddress: "192.168.56.102", localPort: 22, remoteAddress: "192.168.56.1", remotePort: 32324 };
    return { ...who, time: T0, pid: 907, comm: "sshd", ip: 4, ...ends, ...more };
  };

  test("without options, and no banner", () => {
    const address = "1234:ab12:2040:5020:2299:0:5:0";
    const v6 = {
      pid: 5389,
      comm: "perl",
      ip: 6,
      remoteAddress: address,
      remotePort: 40614,
      localAddress: address,
      localPort: 7001,
    };
    expect(table(tcpaccept(), [accepted(), accepted(v6)])).toEqual([
      "PID     COMM         IP RADDR            RPORT LADDR            LPORT",
      "907     sshd         4  192.168.56.1     32324 192.168.56.102   22   ",
      `5389    perl         6  ${address} 40614 ${address} 7001 `,
    ]);
  });

  test("with both times", () => {
    const [head, first, second] = table(tcpaccept({ time: true, timestamp: true }), [
      accepted(),
      accepted({ time: T0 + 10 }),
    ]);
    const clock = new Date(T0).toTimeString().slice(0, 8);
    expect(head).toBe("TIME     TIME(s)  PID     COMM         IP RADDR            RPORT LADDR            LPORT");
    expect(first).toBe(`${clock} 0.000    907     sshd         4  192.168.56.1     32324 192.168.56.102   22   `);
    expect(second).toBe(`${clock} 0.010    907     sshd         4  192.168.56.1     32324 192.168.56.102   22   `);
  });
});

describe("tcptracer prints BCC's lines", () => {
  const session = (type: SessionEvent["type"], more: Partial<SessionEvent> = {}): SessionEvent => {
    const ends = { localAddress: "192.168.1.2", localPort: 59306, remoteAddress: "192.168.1.1", remotePort: 23 };
    return { ...who, time: T0, pid: 28943, comm: "telnet", ip: 4, ...ends, type, ...more };
  };
  const v6 = {
    pid: 28817,
    comm: "nc",
    ip: 6,
    localAddress: "::1",
    localPort: 80,
    remoteAddress: "::1",
    remotePort: 55758,
  };

  test("without options", () => {
    expect(table(tcptracer(), [session("connect"), session("accept", v6), session("close")])).toEqual([
      "Tracing TCP established connections. Ctrl-C to end.",
      "T  PID    COMM             IP SADDR            DADDR            SPORT  DPORT ",
      "C  28943  telnet           4  192.168.1.2      192.168.1.1      59306  23    ",
      "A  28817  nc               6  [::1]            [::1]            80     55758 ",
      "X  28943  telnet           4  192.168.1.2      192.168.1.1      59306  23    ",
    ]);
  });

  test("with seconds", () => {
    expect(
      table(tcptracer({ timestamp: true }), [session("connect"), session("close", { time: T0 + 2500 })]).slice(1),
    ).toEqual([
      "TIME(s)  T  PID    COMM             IP SADDR            DADDR            SPORT  DPORT ",
      "0.000    C  28943  telnet           4  192.168.1.2      192.168.1.1      59306  23    ",
      "2.500    X  28943  telnet           4  192.168.1.2      192.168.1.1      59306  23    ",
    ]);
  });

  test("with words, nanoseconds and the network namespace", () => {
    const rows = [session("connect"), session("accept", v6), session("close", { time: T0 + 1.5 })];
    expect(table(tcptracer({ verbose: true, timestamp: true }), rows).slice(1)).toEqual([
      "TIME(ns)      TYPE         PID    COMM             IP SADDR            DADDR            SPORT  DPORT  NETNS   ",
      "0             connect      28943  telnet           4  192.168.1.2      192.168.1.1      59306  23     4026531840",
      "0             accept       28817  nc               6  [::1]            [::1]            80     55758  4026531840",
      "1500000       close        28943  telnet           4  192.168.1.2      192.168.1.1      59306  23     4026531840",
    ]);
  });

  test("with words and one network namespace, which then is no column", () => {
    expect(table(tcptracer({ verbose: true, netns: 4026531840 }), [session("connect")]).slice(1)).toEqual([
      "TYPE         PID    COMM             IP SADDR            DADDR            SPORT  DPORT  ",
      "connect      28943  telnet           4  192.168.1.2      192.168.1.1      59306  23    ",
    ]);
  });
});

describe("options that do not fit are refused in a line", () => {
  test.each([
    ["ipv4 and ipv6 exclude each other", () => tcpconnect({ ipv4: true, ipv6: true })],
    ["ipv4 and ipv6 exclude each other", () => tcpaccept({ ipv4: true, ipv6: true })],
    ["ipv4 and ipv6 exclude each other", () => tcptracer({ ipv4: true, ipv6: true })],
    ["count and dns exclude each other", () => tcpconnect.count({ dns: true })],
    [
      "interval takes a time from 0.001 to 2147483 seconds, or with a unit such as 500ms or 2m, not 0",
      () => tcpconnect.count({ interval: 0 }),
    ],
    ["port takes ports from 1 to 65535, separated by commas,", () => tcpconnect({ port: [80, 65536] })],
    ["port takes ports from 1 to 65535, separated by commas,", () => tcpaccept({ port: [] })],
    ["port takes at most 64 ports", () => tcpaccept({ port: Array(65).fill(1) })],
  ])("%s", (message, make) => {
    expect(make).toThrow(message);
  });

  test("ports are taken as text too", () => {
    expect(() => tcpconnect({ port: "80,443" as never })).not.toThrow();
    for (const text of ["", "80,", "http", "-1", "0", "80 443"])
      expect(() => tcpconnect({ port: text as never })).toThrow("port takes ports");
  });
});
