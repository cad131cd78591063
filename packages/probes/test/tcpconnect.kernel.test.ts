import { execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";

import { type ConnectEvent, tcpconnect } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { record } from "../../../testing/recording.js";
import { type Actor, actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { listen } from "./support/sessions.js";

const startActor = actors();
const network = makeNetwork();
const EADDRNOTAVAIL = 99;
const EALREADY = 114;
const EINPROGRESS = 115;
const ETIMEDOUT = 110;
const ECONNREFUSED = 111;
const EHOSTUNREACH = 113;

/** What a test compares of an event. */
function told({ pid, tid, comm, ip, localAddress, localPort, remoteAddress, remotePort }: ConnectEvent) {
  return { pid, tid, comm, ip, localAddress, localPort, remoteAddress, remotePort };
}

function of(actor: Actor, events: readonly ConnectEvent[]): ConnectEvent[] {
  return events.filter(({ pid }) => pid === actor.pid);
}

/** Of two ports, all that a test leaves to connect from. */
const FIRST_PORT = 40_000;

async function listenOn(server: Actor, version: 4 | 6): Promise<number> {
  return (await listen(server, version)).port;
}

/** The ways to connect: each gives the result of the call. */
const WAYS = {
  blocking: { nonblock: 0, connect: (client, fd, address, port) => client.call("connect", fd, address, port) },
  "non-blocking": {
    nonblock: 1,
    async connect(client, fd, address, port) {
      const result = await client.attempt("connect", fd, address, port);
      if (result !== -EINPROGRESS) throw new Error(`It did not wait: ${result}`);
      return client.call("writable", fd);
    },
  },
  io_uring: {
    nonblock: 0,
    async connect(client, fd, address, port) {
      await client.call("ring", 0);
      await client.call("ring-connect", fd, address, port);
      return client.call("ring-next");
    },
  },
} satisfies Record<
  string,
  { nonblock: 0 | 1; connect: (client: Actor, fd: number, address: string, port: number) => Promise<number> }
>;

const TARGETS = [
  {
    kind: "IPv4",
    family: 4,
    ip: 4,
    given: (host: number) => `10.77.0.${host}`,
    shown: (host: number) => `10.77.0.${host}`,
  },
  {
    kind: "IPv6",
    family: 6,
    ip: 6,
    given: (host: number) => `fd77::${host}`,
    shown: (host: number) => `fd77::${host}`,
  },
  {
    kind: "v4-mapped",
    family: 6,
    ip: 4,
    given: (host: number) => `::ffff:10.77.0.${host}`,
    shown: (host: number) => `10.77.0.${host}`,
  },
] as const;

describe.each(Object.entries(WAYS))("a %s connect", (_, { nonblock, connect }) => {
  test.each(TARGETS)(
    "over $kind is shown once, with its process and both ends",
    async ({ family, ip, given, shown }) => {
      const [client, server] = [startActor(...network.left), startActor(...network.right)];
      const port = await listenOn(server, family === 6 ? 6 : 4);

      const recording = await record(tcpconnect());
      const fd = await client.call("socket", family, nonblock);
      await connect(client, fd, given(2), port);
      const localPort = await client.call("port", fd);

      const events = of(client, await recording.finish());
      const netnsId = Number(/\d+/.exec(readlinkSync(`/proc/${client.pid}/ns/net`))![0]);
      expect(events.map(told)).toEqual([
        {
          ...{ pid: client.pid, tid: client.pid, comm: "sockets", ip },
          ...{ localAddress: shown(1), localPort, remoteAddress: shown(2), remotePort: port },
        },
      ]);
      expect(events[0]).toMatchObject({ netnsId, ppid: process.pid, uid: 0 });
      expect(recording.lost()).toBe(0);
    },
  );
});

describe("a connect that does not succeed", () => {
  test.each(TARGETS)("over $kind is shown when it is refused", async ({ family, given, shown }) => {
    const client = startActor(...network.left);

    const recording = await record(tcpconnect());
    const fd = await client.call("socket", family);
    expect(await client.attempt("connect", fd, given(2), 81)).toBe(-ECONNREFUSED);

    const events = of(client, await recording.finish());
    expect(events.map(told)).toMatchObject([{ localAddress: shown(1), remoteAddress: shown(2), remotePort: 81 }]);
    expect(events[0]!.localPort).toBeGreaterThan(0);
  });

  test("is shown when nobody answers, before it times out", async () => {
    const recording = await record(tcpconnect());
    const attempts = [];
    for (const { family, given, shown } of TARGETS) {
      for (const [host, tries, error] of [
        [99, 6, EHOSTUNREACH],
        [98, 1, ETIMEDOUT],
      ] as const) {
        const client = startActor(...network.left);
        const fd = await client.call("socket", family, 1);
        await client.call("tries", fd, tries);
        expect(await client.attempt("connect", fd, given(host), 80)).toBe(-EINPROGRESS);
        const localPort = await client.call("port", fd);
        attempts.push({ client, fd, error, expected: { localPort, remoteAddress: shown(host), remotePort: 80 } });
      }
    }
    for (const { client, fd, expected } of attempts) {
      expect(told(await recording.find(({ pid }) => pid === client.pid))).toMatchObject(expected);
      expect(await client.attempt("connect", fd, expected.remoteAddress, 80)).toBe(-EALREADY);
    }

    // The kernel gives up, and that is no second event.
    for (const { client, fd, error } of attempts) {
      await client.call("writable", fd);
      expect(await client.attempt("write", fd, "x")).toBe(-error);
    }
    const events = await recording.finish();
    for (const { client } of attempts) expect(of(client, events)).toHaveLength(1);
  });

  test("is shown when the process closes the socket first", async () => {
    const client = startActor(...network.left);
    const recording = await record(tcpconnect());
    const fd = await client.call("socket", 4, 1);
    await client.attempt("connect", fd, network.nobody[4], 80);
    const localPort = await client.call("port", fd);
    await client.call("close", fd);
    expect(of(client, await recording.finish()).map(told)).toMatchObject([{ localPort }]);
  });

  test("is not shown when no SYN could be sent", async () => {
    const client = startActor(...network.left);
    const recording = await record(tcpconnect());
    const ENETUNREACH = 101;
    expect(await client.attempt("connect", await client.call("socket", 4), "192.0.2.1", 80)).toBe(-ENETUNREACH);
    // The other way to fail, when the socket is connecting already: no port is left to connect from.
    const { listener, port } = await listen(client, 4);
    for (let i = 0; i < 2; i++) await client.call("bind", await client.call("socket", 4), "127.0.0.1", FIRST_PORT + i);
    const [command, ...rest] = [...network.left, "sysctl", "-qw"];
    execFileSync(command, [...rest, `net.ipv4.ip_local_port_range=${FIRST_PORT} ${FIRST_PORT + 1}`]);
    try {
      expect(await client.attempt("connect", await client.call("socket", 4), "127.0.0.1", port)).toBe(-EADDRNOTAVAIL);
    } finally {
      execFileSync(command, [...rest, "net.ipv4.ip_local_port_range=32768 60999"]);
    }
    await client.call("close", listener);
    expect(of(client, await recording.finish())).toEqual([]);
  });
});

test("a socket that is disconnected and connects again is shown each time", async () => {
  const [client, server] = [startActor(...network.left), startActor(...network.right)];
  const ports = [await listenOn(server, 4), await listenOn(server, 4)];

  const recording = await record(tcpconnect());
  const fd = await client.call("socket", 4);
  for (const port of ports) {
    await client.call("connect", fd, network.rightAddress[4], port);
    await client.call("disconnect", fd);
  }
  expect(of(client, await recording.finish()).map(({ remotePort }) => remotePort)).toEqual(ports);
});

test("a socket that connects to itself is shown", async () => {
  const client = startActor();
  const recording = await record(tcpconnect());
  const fd = await client.call("socket", 4);
  await client.call("bind", fd, "127.0.0.1", 0);
  const port = await client.call("port", fd);
  await client.call("connect", fd, "127.0.0.1", port);
  expect(of(client, await recording.finish()).map(told)).toMatchObject([{ localPort: port, remotePort: port }]);
});

describe("options", () => {
  test("port, ipv4 and ipv6, pid and uid choose what is shown", async () => {
    const [client, other, server] = [
      startActor(...network.left),
      startActor(...network.left),
      startActor(...network.right),
    ];
    const ports = { 4: await listenOn(server, 4), 6: await listenOn(server, 6) } as const;
    const recordings = {
      port: await record(tcpconnect({ port: [9, ports[6]] })),
      ipv4: await record(tcpconnect({ ipv4: true })),
      ipv6: await record(tcpconnect({ ipv6: true })),
      pid: await record(tcpconnect({ pid: client.pid })),
      uid: await record(tcpconnect({ uid: 65534 })),
    };
    for (const [actor, version] of [
      [client, 4],
      [client, 6],
      [other, 4],
    ] as const) {
      const fd = await actor.call("socket", version);
      await actor.call("connect", fd, network.rightAddress[version], ports[version]);
    }
    const shown: Record<string, string[]> = {};
    for (const [name, recording] of Object.entries(recordings)) {
      const events = (await recording.finish()).filter(({ pid }) => pid === client.pid || pid === other.pid);
      shown[name] = events.map(({ pid, ip }) => `${pid === client.pid ? "client" : "other"} ${ip}`);
    }
    expect(shown).toEqual({
      port: ["client 6"],
      ipv4: ["client 4", "other 4"],
      ipv6: ["client 6"],
      pid: ["client 4", "client 6"],
      uid: [],
    });
  });
});
