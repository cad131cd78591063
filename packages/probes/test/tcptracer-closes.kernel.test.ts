import { execFileSync } from "node:child_process";

import { describe, expect, test } from "vitest";

import { type Actor, actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { type Ends, join, listen, OPENED, traceSession, traceSessions } from "./support/sessions.js";

/** Every way in which a session comes to its end, and whose close it is. */
const startActor = actors();
const network = makeNetwork();
const folder = temporaryFolder();
const BOTH = 2;
const WRITING = 1;

/** Runs a session over the cable, from before its connect until `end` is done with it. */
const session = (end: (ends: Ends) => Promise<unknown>) =>
  traceSession(startActor(...network.left), startActor(...network.right), network.rightAddress[4], end);

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
    const mailbox = `${folder}/${to.pid}`;
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
