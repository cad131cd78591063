import { execFileSync } from "node:child_process";

import type { SessionEvent } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { type Actor, actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { type Ends, join, listen, traceSessions } from "./support/sessions.js";

const startActor = actors();
const network = makeNetwork();
const BOTH = 2;
const WRITING = 1;
const EINPROGRESS = 115;
const ECONNREFUSED = 111;

function told({ type, pid, ip, localAddress, localPort, remoteAddress, remotePort }: SessionEvent) {
  return { type, pid, ip, local: `${localAddress} ${localPort}`, remote: `${remoteAddress} ${remotePort}` };
}

/** Runs a session over the cable, from before its connect until `end` is done with it. */
async function session(end: (ends: Ends) => Promise<unknown>) {
  const [client, server] = [startActor(...network.left), startActor(...network.right)];
  return traceSessions({ client, server }, async () => end(await join(client, server, network.rightAddress[4])));
}

const OPENED = ["connect client", "accept server"] as const;

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

describe("a close that resets", () => {
  test("is told of the process that lingers for no time, and then of the one that was reset", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await client.call("linger", clientFd, 0);
      await client.call("close", clientFd);
      await server.call("hung-up", serverFd);
      await server.call("close", serverFd);
    });
    expect(short).toEqual([...OPENED, "close client", "close server"]);
  });

  test("is told of a process that leaves data unread", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await client.call("write", clientFd, "data");
      await server.call("readable", serverFd);
      await server.call("close", serverFd);
      await client.call("hung-up", clientFd);
      await client.call("close", clientFd);
    });
    expect(short).toEqual([...OPENED, "close server", "close client"]);
  });

  test("is told once of a process that blocks in a read when the reset comes", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      const read = server.begin("read", serverFd);
      await client.call("linger", clientFd, 0);
      await client.call("close", clientFd);
      expect(await read()).toBeLessThan(0);
      await server.call("close", serverFd);
    });
    expect(short).toEqual([...OPENED, "close client", "close server"]);
  });

  test("is told of a session that was reset before it was accepted", async () => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const { short } = await traceSessions({ client, server }, async () => {
      const { listener, port } = await listen(server, 4);
      const fd = await client.call("socket", 4);
      await client.call("connect", fd, network.rightAddress[4], port);
      await client.call("linger", fd, 0);
      await client.call("close", fd);
      await server.call("close", await server.call("accept", listener));
    });
    expect(short).toEqual(["connect client", "close client", "accept server", "close server"]);
  });
});

describe("a half-closed session is closed by the process that closes the socket, not by shutdown", () => {
  test("when the other end closes in between", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await client.call("shutdown", clientFd, WRITING);
      await server.call("hung-up", serverFd);
      await server.call("close", serverFd);
      expect(await client.call("read", clientFd)).toBe(0);
      await client.call("close", clientFd);
    });
    expect(short).toEqual([...OPENED, "close server", "close client"]);
  });

  test("when the other end closes later", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await client.call("shutdown", clientFd, WRITING);
      await server.call("hung-up", serverFd);
      await client.call("close", clientFd);
      await server.call("close", serverFd);
    });
    expect(short).toEqual([...OPENED, "close client", "close server"]);
  });

  test("when the other end had half closed it before", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await client.call("shutdown", clientFd, WRITING);
      await server.call("hung-up", serverFd);
      await server.call("shutdown", serverFd, WRITING);
      expect(await client.call("read", clientFd)).toBe(0);
      await client.call("close", clientFd);
      await server.call("close", serverFd);
    });
    expect(short).toEqual([...OPENED, "close client", "close server"]);
  });

  test("when it was shut down in both directions", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await client.call("shutdown", clientFd, BOTH);
      await server.call("hung-up", serverFd);
      await server.call("close", serverFd);
      await client.call("close", clientFd);
    });
    expect(short).toEqual([...OPENED, "close server", "close client"]);
  });

  test("when it is reset afterwards", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await client.call("shutdown", clientFd, WRITING);
      await server.call("hung-up", serverFd);
      await server.call("linger", serverFd, 0);
      await server.call("close", serverFd);
      await client.call("linger", clientFd, 0);
      await client.call("close", clientFd);
    });
    expect(short).toEqual([...OPENED, "close server", "close client"]);
  });
});

describe("a socket that passes from process to process", () => {
  /** Gives a descriptor of one process to another. */
  async function pass(from: Ends["client"], to: Ends["client"], fd: number): Promise<number> {
    const mailbox = `/tmp/rxbpf-test-mailbox-${to.pid}`;
    const inbox = await to.call("mailbox", mailbox);
    const by = await from.call("mail-to", mailbox);
    await from.call("give", by, fd);
    const taken = await to.call("take", inbox);
    await to.call("close", inbox);
    await from.call("close", by);
    return taken;
  }

  test.each([
    ["as it is", async () => {}],
    ["shut down for writing", ({ server, serverFd }: Ends) => server.call("shutdown", serverFd, WRITING)],
    ["shut down", ({ server, serverFd }: Ends) => server.call("shutdown", serverFd, BOTH)],
  ] as const)("%s is closed by the process that lets go of it last", async (_, before) => {
    const [client, server, other] = [
      startActor(...network.left),
      startActor(...network.right),
      startActor(...network.right),
    ];
    const { short, events } = await traceSessions({ client, server, other }, async () => {
      const ends = await join(client, server, network.rightAddress[4]);
      await before(ends);
      const taken = await pass(server, other, ends.serverFd);
      await server.call("close", ends.serverFd);
      await other.call("close", taken);
      await client.call("hung-up", ends.clientFd);
      await client.call("close", ends.clientFd);
    });
    expect(short).toEqual([...OPENED, "close other", "close client"]);
    expect(events[2]).toMatchObject({ tid: other.pid, ppid: process.pid });
  });
});

describe("a process that ends", () => {
  test.each([
    ["by itself", (server) => server.exit()],
    ["by kill -9", async (server) => server.kill("SIGKILL")],
  ] as readonly (readonly [string, (server: Ends["server"]) => Promise<void>])[])(
    "%s closes its sessions, in its mount namespace",
    async (_, end) => {
      const { short, events } = await session(async ({ client, server, clientFd }) => {
        await end(server);
        await client.call("hung-up", clientFd);
        await client.call("close", clientFd);
      });
      expect(short).toEqual([...OPENED, "close server", "close client"]);
      expect(events[2]!.mntnsId).toBeGreaterThan(0);
      expect(events[2]!.mntnsId).toBe(events[1]!.mntnsId);
    },
  );

  test("closes what its parent accepted, in their mount namespace", async () => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const processes: Record<string, Actor | number> = { client, server };
    const { short, events } = await traceSessions(processes, async () => {
      const ends = await join(client, server, network.rightAddress[4]);
      processes["child"] = await server.call("fork-and-exit", ends.serverFd);
      await client.call("hung-up", ends.clientFd);
      await client.call("close", ends.clientFd);
    });
    expect(short).toEqual([...OPENED, "close child", "close client"]);
    expect(events[2]).toMatchObject({ ppid: server.pid, mntnsId: events[1]!.mntnsId });
  });

  test("closes its sessions though the kernel does it later, for a request of io_uring that waits", async () => {
    const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
      await server.call("ring", 0);
      await server.call("ring-read", serverFd);
      server.kill("SIGKILL");
      await client.call("hung-up", clientFd);
      await client.call("close", clientFd);
    });
    expect(short).toEqual([...OPENED, "close server", "close client"]);
  });
});

test("a socket closed while its shutdown is not acknowledged yet is closed when the session ends", async () => {
  const { short } = await session(async ({ client, server, clientFd, serverFd }) => {
    const link = (state: string): void =>
      void execFileSync(network.right[0]!, [...network.right.slice(1), "ip", "link", "set", "cable", state]);
    link("down");
    await client.call("shutdown", clientFd, WRITING);
    await client.call("close", clientFd);
    link("up");
    await server.call("hung-up", serverFd);
    await server.call("close", serverFd);
  });
  expect([...short].sort()).toEqual([...OPENED, "close client", "close server"].sort());
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
