import { execFileSync } from "node:child_process";

import type { SessionEvent } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { type Ends, join, listen, OPENED, traceSession, traceSessions } from "./support/sessions.js";

const startActor = actors();
const network = makeNetwork();
const WRITING = 1;
const EINPROGRESS = 115;
const ECONNREFUSED = 111;

function told({ type, pid, ip, localAddress, localPort, remoteAddress, remotePort }: SessionEvent) {
  return { type, pid, ip, local: `${localAddress} ${localPort}`, remote: `${remoteAddress} ${remotePort}` };
}

/** Runs a session over the cable, from before its connect until `end` is done with it. */
const session = (end: (ends: Ends) => Promise<unknown>) =>
  traceSession(startActor(...network.left), startActor(...network.right), network.rightAddress[4], end);

describe("a session from connect to close", () => {
  test.each([
    { kind: "IPv4", family: 4, ip: 4, to: "10.77.0.2", left: "10.77.0.1", right: "10.77.0.2" },
    { kind: "IPv6", family: 6, ip: 6, to: "fd77::2", left: "fd77::1", right: "fd77::2" },
    { kind: "v4-mapped", family: 6, ip: 4, to: "::ffff:10.77.0.2", left: "10.77.0.1", right: "10.77.0.2" },
  ] as const)("over $kind is told by both processes, each step once", async ({ family, ip, to, left, right }) => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    let clientPort = 0;
    let serverPort = 0;
    const { events, lost } = await traceSessions({ client, server }, async () => {
      const ends = await join(client, server, to, family);
      ({ clientPort, serverPort } = ends);
      await client.call("close", ends.clientFd);
      await server.call("hung-up", ends.serverFd);
      await server.call("close", ends.serverFd);
    });
    const here = { pid: client.pid, ip, local: `${left} ${clientPort}`, remote: `${right} ${serverPort}` };
    const there = { pid: server.pid, ip, local: `${right} ${serverPort}`, remote: `${left} ${clientPort}` };
    expect(events.map(told)).toEqual([
      { type: "connect", ...here },
      { type: "accept", ...there },
      { type: "close", ...here },
      { type: "close", ...there },
    ]);
    expect(lost).toBe(0);
    expect(events[0]!.netnsId).not.toBe(events[1]!.netnsId);
  });

  test("is told when the process of the server closes first", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await server.call("close", serverFd);
      await client.call("hung-up", clientFd);
      await client.call("close", clientFd);
    });
    expect(short).toEqual([...OPENED, "close server", "close client"]);
  });
});

describe("fast open", () => {
  const on = (side: readonly string[], ...command: readonly string[]): string =>
    execFileSync(side[0]!, [...side.slice(1), ...command], { encoding: "utf8" });

  /** Two processes that may send data with a SYN, and what makes the client connect so. */
  async function makePair() {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    for (const side of [network.left, network.right]) on(side, "sysctl", "-qw", "net.ipv4.tcp_fastopen=3");
    const { listener, port } = await listen(server, 4);
    await server.call("accept-fastopen", listener);
    /** The call returns when the SYN is answered, or, without blocking, if it went out with the data. */
    const connect = async (nonblock: 0 | 1 = 0) => {
      const clientFd = await client.call("socket", 4, nonblock);
      await client.call("fastopen", clientFd, network.rightAddress[4], port);
      const serverFd = await server.call("accept", listener);
      return { clientFd, serverFd };
    };
    const close = async ({ clientFd, serverFd }: { clientFd: number; serverFd: number }): Promise<void> => {
      await server.call("read", serverFd);
      await server.call("close", serverFd);
      await client.call("hung-up", clientFd);
      await client.call("close", clientFd);
    };
    return { client, server, connect, close };
  }

  const openedSo = (): number =>
    Number(/TCPFastOpenPassive +(\d+)/.exec(on(network.right, "nstat", "-asz", "TcpExtTCPFastOpenPassive"))![1]);

  test("sessions whose first data came with the SYN are told as others", async () => {
    const { client, server, connect, close } = await makePair();
    const before = openedSo();
    const { short } = await traceSessions({ client, server }, async () => {
      await close(await connect()); // gets the cookie that the next uses
      await close(await connect());
    });
    const once = [...OPENED, "close server", "close client"].sort();
    expect([...short].sort()).toEqual([...once, ...once].sort());
    expect(openedSo()).toBeGreaterThan(before);
  });

  test("one that is accepted and closed before the client has answered is told", async () => {
    const { client, server, connect, close } = await makePair();
    await close(await connect());
    // What the server sends goes to nobody, until it is sent again.
    const neighbour = [network.leftAddress[4], "dev", "cable"];
    on(network.right, "ip", "neighbour", "replace", ...neighbour, "lladdr", "02:00:00:00:00:97");
    const { short } = await traceSessions({ client, server }, async () => {
      const { clientFd, serverFd } = await connect(1);
      await server.call("read", serverFd);
      await server.call("close", serverFd);
      on(network.right, "ip", "neighbour", "delete", ...neighbour);
      await client.call("hung-up", clientFd);
      await client.call("close", clientFd);
    });
    expect([...short].sort()).toEqual([...OPENED, "close server", "close client"].sort());
    expect(short.indexOf("close server")).toBeLessThan(short.indexOf("connect client"));
  });
});

test.each([
  ["MPTCP", "MPTCP"],
  ["MPTCP", "TCP"],
  ["TCP", "MPTCP"],
] as const)(
  "a session of a client of %s and a server of %s is told once, however many sockets the kernel makes",
  async (...ends) => {
    const protocol = { TCP: 0, MPTCP: 262 };
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const { short } = await traceSessions({ client, server }, async () => {
      const listener = await server.call("socket", 4, 0, protocol[ends[1]]);
      const port = await server.call("listen", listener);
      const fd = await client.call("socket", 4, 0, protocol[ends[0]]);
      await client.call("connect", fd, network.rightAddress[4], port);
      const accepted = await server.call("accept", listener);
      await client.call("close", fd);
      await server.call("hung-up", accepted);
      await server.call("close", accepted);
    });
    expect([...short].sort()).toEqual([...OPENED, "close client", "close server"].sort());
  },
);

describe("what is no session", () => {
  test("is not told: a refused connect, one given up, a listener with nobody accepted", async () => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const { short } = await traceSessions({ client, server }, async () => {
      const refused = await client.call("socket", 4);
      expect(await client.attempt("connect", refused, network.rightAddress[4], 81)).toBe(-ECONNREFUSED);
      await client.call("close", refused);
      const given = await client.call("socket", 4, 1);
      expect(await client.attempt("connect", given, network.silent[4], 80)).toBe(-EINPROGRESS);
      await client.call("close", given);

      const { listener, port } = await listen(server, 4);
      const queued = await client.call("socket", 4);
      await client.call("connect", queued, network.rightAddress[4], port);
      await server.call("close", listener);
      await client.call("hung-up", queued);
      await client.call("close", queued);
    });
    // The queued one was a session for the client alone.
    expect(short).toEqual(["connect client", "close client"]);
  });
});

describe("a socket that is used again", () => {
  test("is closed once for each session, the first when it connects again", async () => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const ports: number[] = [];
    const { short, events } = await traceSessions({ client }, async () => {
      const fd = await client.call("socket", 4);
      for (let i = 0; i < 2; i++) {
        const { port } = await listen(server, 4);
        ports.push(port);
        await client.call("connect", fd, network.rightAddress[4], port);
        await client.call("disconnect", fd);
      }
      await client.call("close", fd);
    });
    expect(short).toEqual(["connect client", "close client", "connect client", "close client"]);
    expect(events.map(({ remotePort }) => remotePort)).toEqual([ports[0], ports[0], ports[1], ports[1]]);
    expect(new Set(events.map(({ localAddress }) => localAddress))).toEqual(new Set([network.leftAddress[4]]));
  });

  test("that connects to itself is one session", async () => {
    const client = startActor();
    const { short } = await traceSessions({ client }, async () => {
      const fd = await client.call("socket", 4);
      await client.call("bind", fd, "127.0.0.1", 0);
      await client.call("connect", fd, "127.0.0.1", await client.call("port", fd));
      await client.call("close", fd);
    });
    expect(short).toEqual(["connect client", "close client"]);
  });
});

describe("a session from before the trace", () => {
  test.each([
    ["closed", async () => {}],
    ["half closed and closed", ({ client, clientFd }: Ends) => client.call("shutdown", clientFd, WRITING)],
    [
      "reset and closed",
      async ({ client, server, clientFd, serverFd }: Ends) => {
        await server.call("linger", serverFd, 0);
        await server.call("close", serverFd);
        await client.call("hung-up", clientFd);
      },
    ],
  ] as const)("is told when it is %s", async (how, before) => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const ends = await join(client, server, network.rightAddress[4]);
    const { short } = await traceSessions({ client, server }, async () => {
      await before(ends);
      await client.call("close", ends.clientFd);
    });
    expect(short).toEqual(how.startsWith("reset") ? ["close server", "close client"] : ["close client"]);
  });
});
