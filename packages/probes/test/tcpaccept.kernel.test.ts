import { setTimeout as delay } from "node:timers/promises";

import { type AcceptEvent, tcpaccept } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { record } from "../../../testing/recording.js";
import { type Actor, actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { listen } from "./support/sessions.js";

const startActor = actors();
const network = makeNetwork();
const EAGAIN = 11;
/** IORING_FILE_INDEX_ALLOC as the C int that the actor reads. */
const ANY_SLOT = -1;

function told({ pid, ip, localAddress, localPort, remoteAddress, remotePort }: AcceptEvent) {
  return { pid, ip, local: `${localAddress} ${localPort}`, remote: `${remoteAddress} ${remotePort}` };
}

function of(actor: Actor, events: readonly AcceptEvent[]): AcceptEvent[] {
  return events.filter(({ pid }) => pid === actor.pid);
}

/** Connects to the server and gives the port that it connected from. */
async function connect(client: Actor, to: string, port: number): Promise<number> {
  const fd = await client.call("socket", to.includes(":") ? 6 : 4);
  await client.call("connect", fd, to, port);
  return client.call("port", fd);
}

/** The ways to accept one connection. */
const WAYS: Readonly<Record<string, (server: Actor, listener: number) => Promise<unknown>>> = {
  accept: (server, listener) => server.call("accept", listener),
  accept4: (server, listener) => server.call("accept4", listener),
  "32-bit accept4": (server, listener) => server.call("accept4-32", listener),
  "32-bit accept by socketcall": (server, listener) => server.call("socketcall-accept-32", listener),
  "32-bit accept4 by socketcall": (server, listener) => server.call("socketcall-accept4-32", listener),
  io_uring: async (server, listener) => {
    await server.call("ring", 0);
    await server.call("ring-accept", listener);
    return server.call("ring-next");
  },
  "io_uring into a slot of the ring": async (server, listener) => {
    await server.call("ring", 0);
    await server.call("ring-accept", listener, 2);
    return server.call("ring-next");
  },
  "io_uring into any slot of the ring": async (server, listener) => {
    await server.call("ring", 0);
    await server.call("ring-accept", listener, ANY_SLOT);
    return server.call("ring-next");
  },
};

test.each(Object.entries(WAYS))("a connection accepted by %s is shown once", async (_, accept) => {
  const [client, server] = [startActor(...network.left), startActor(...network.right)];
  const { listener, port } = await listen(server, 4);
  const recording = await record(tcpaccept());
  const clientPort = await connect(client, network.rightAddress[4], port);
  await accept(server, listener);
  const events = of(server, await recording.finish());
  expect(events.map(told)).toEqual([
    { pid: server.pid, ip: 4, local: `10.77.0.2 ${port}`, remote: `10.77.0.1 ${clientPort}` },
  ]);
  expect(events[0]).toMatchObject({ comm: "sockets", tid: server.pid });
  expect(recording.lost()).toBe(0);
});

test("a connection of MPTCP at both ends is shown", async () => {
  const MPTCP = 262;
  const [client, server] = [startActor(...network.left), startActor(...network.right)];
  const listener = await server.call("socket", 4, 0, MPTCP);
  const port = await server.call("listen", listener);
  const recording = await record(tcpaccept());
  const fd = await client.call("socket", 4, 0, MPTCP);
  await client.call("connect", fd, network.rightAddress[4], port);
  const clientPort = await client.call("port", fd);
  await server.call("accept", listener);
  expect(of(server, await recording.finish()).map(told)).toEqual([
    { pid: server.pid, ip: 4, local: `10.77.0.2 ${port}`, remote: `10.77.0.1 ${clientPort}` },
  ]);
});

test("an accept that waits when the trace starts is shown", async () => {
  const [client, server] = [startActor(...network.left), startActor(...network.right)];
  const { listener, port } = await listen(server, 4);
  const accepted = server.begin("accept", listener);
  const recording = await record(tcpaccept());
  const clientPort = await connect(client, network.rightAddress[4], port);
  await accepted();
  expect(of(server, await recording.finish())).toMatchObject([{ remotePort: clientPort }]);
});

describe("io_uring's multishot accept", () => {
  /** IORING_SETUP_SINGLE_ISSUER and IORING_SETUP_DEFER_TASKRUN, as servers use it. */
  const DEFERRED = (1 << 12) | (1 << 13);

  test.each([
    { kind: "descriptors", slot: 0, flags: 0, early: false },
    { kind: "descriptors, in deferred task work", slot: 0, flags: DEFERRED, early: false },
    { kind: "slots of the ring", slot: ANY_SLOT, flags: 0, early: false },
    { kind: "descriptors, from before the trace", slot: 0, flags: 0, early: true },
    { kind: "slots of the ring, from before the trace", slot: ANY_SLOT, flags: 0, early: true },
  ])("into $kind shows each connection once", async ({ slot, flags, early }) => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const { listener, port } = await listen(server, 4);
    await server.call("ring", flags);
    if (early) await server.call("ring-multishot", listener, slot);

    const recording = await record(tcpaccept());
    if (!early) await server.call("ring-multishot", listener, slot);
    const ports: number[] = [];
    for (let i = 0; i < 3; i++) {
      ports.push(await connect(client, network.rightAddress[4], port));
      await server.call("ring-next");
    }
    const events = of(server, await recording.finish());
    expect(events.map(({ remotePort }) => remotePort)).toEqual(ports);
    expect(recording.lost()).toBe(0);
  });

  test("is forgotten when its ring is closed", async () => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const { listener } = await listen(server, 4);
    const recording = await record(tcpaccept());
    // More than are remembered of a process at once.
    for (let i = 0; i < 150; i++) {
      await server.call("ring", 0);
      await server.call("ring-multishot", listener);
      await server.call("ring-close");
    }
    // The kernel may take its time with the last of them, which then accept what the next was to.
    const isShown = async (): Promise<boolean> => {
      const { listener, port } = await listen(server, 4);
      await server.call("ring", 0);
      await server.call("ring-multishot", listener);
      const clientPort = await connect(client, network.rightAddress[4], port);
      await server.call("ring-next");
      await server.call("ring-close");
      await delay(20);
      return recording.events.some(({ remotePort }) => remotePort === clientPort);
    };
    await expect.poll(isShown, { timeout: 5_000 }).toBe(true);
  });
});

test.each(["ring-accept", "ring-multishot"])(
  "what %s gives is shown once, though the ring has no room to tell the process",
  async (accept) => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const { listener, port } = await listen(server, 4);
    const recording = await record(tcpaccept());
    await server.call("ring", 0);
    const room = await server.call("ring-fill");
    await server.call(accept, listener);
    const clientPort = await connect(client, network.rightAddress[4], port);
    for (let i = 0; i <= room; i++) await server.call("ring-next");
    expect(of(server, await recording.finish())).toMatchObject([{ remotePort: clientPort }]);
    expect(recording.lost()).toBe(0);
  },
);

test("what is no accepted connection is not shown", async () => {
  const [client, server] = [startActor(...network.left), startActor(...network.right)];
  const { listener, port } = await listen(server, 4);
  const recording = await record(tcpaccept());
  await connect(client, network.rightAddress[4], port); // stays in the queue
  const idle = await server.call("socket", 4, 1);
  await server.call("listen", idle);
  expect(await server.attempt("accept", idle)).toBe(-EAGAIN);
  await server.call("close", listener);
  const events = await recording.finish();
  expect([...of(server, events), ...of(client, events)]).toEqual([]);
});

test("an IPv4 client of a socket for both versions is shown as IPv4; ports are the local ones", async () => {
  const [client, server] = [startActor(...network.left), startActor(...network.right)];
  const { listener, port } = await listen(server, 6);
  const other = await listen(server, 6);
  const recordings = {
    port: await record(tcpaccept({ port: [port] })),
    ipv4: await record(tcpaccept({ ipv4: true })),
    ipv6: await record(tcpaccept({ ipv6: true })),
    pid: await record(tcpaccept({ pid: server.pid })),
    nobody: await record(tcpaccept({ pid: client.pid })),
  };
  await connect(client, network.rightAddress[4], port);
  await server.call("accept", listener);
  await connect(client, network.rightAddress[6], other.port);
  await server.call("accept", other.listener);

  const shown: Record<string, string[]> = {};
  for (const [name, recording] of Object.entries(recordings))
    shown[name] = of(server, await recording.finish()).map(({ ip, remoteAddress }) => `${ip} ${remoteAddress}`);
  expect(shown).toEqual({
    port: ["4 10.77.0.1"],
    ipv4: ["4 10.77.0.1"],
    ipv6: ["6 fd77::1"],
    pid: ["4 10.77.0.1", "6 fd77::1"],
    nobody: [],
  });
});
