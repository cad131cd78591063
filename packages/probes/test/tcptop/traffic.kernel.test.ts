import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { EventStream, type Table } from "@rxbpf/core";
import { sourceOf, table } from "@rxbpf/core/bpf";
import { tcptop, type Traffic } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { type Actor, actors } from "../../../../testing/actor.js";
import { insideAndOutside } from "../../../../testing/containers.js";
import { makeNetwork } from "../../../../testing/network.js";
import { start, temporaryFolder } from "../../../../testing/programs.js";
import { type Recording, record } from "../../../../testing/recording.js";
import { traffic, trafficKey } from "../../src/tcptop/schema.js";
import { type Ends, join, listen } from "../support/sessions.js";

const startActor = actors();
const network = makeNetwork();
const temporary = temporaryFolder();

const pair = () => [startActor(...network.left), startActor(...network.right)] as const;

/** Sends so many bytes one way, which the other end receives. */
async function send(from: Actor, fromFd: number, to: Actor, toFd: number, count: number): Promise<void> {
  const taken = to.begin("take-bytes", toFd, count);
  expect(await from.call("give-bytes", fromFd, count)).toBe(count);
  expect(await taken()).toBe(count);
}

async function rowsOf(recording: Recording<Table<Traffic>>): Promise<Traffic[]> {
  const tables = await recording.finish();
  expect(recording.lost()).toBe(0);
  return tables.flatMap(({ rows }) => rows);
}

/** What a process received and sent, over all rows. */
function bytesOf(rows: readonly Traffic[], pid: number): readonly [received: number, sent: number] {
  const own = rows.filter((row) => row.pid === pid);
  return [
    own.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0),
    own.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
  ];
}

/** Without the kernel's tracepoints for it, as on a kernel before 6.3. */
function tcptopByCalls(): EventStream<Table<Traffic>> {
  const [, byCalls] = tcptop.definition.variants({});
  const spec = {
    name: "tcptop",
    bytes: () => readFileSync(new URL("../../bpf/tcptop.bpf.o", import.meta.url)),
    variants: [byCalls!],
  };
  const source = sourceOf(spec, table<Traffic>("traffic", { key: trafficKey, value: traffic }), () => ({
    leaveOut: ["cgroup_set", "mntns_set"],
  }));
  return new EventStream(tcptop().info, source);
}

describe.each([
  ["at sockets", () => tcptop({ interval: 60 })],
  ["at the end of calls", tcptopByCalls],
] as const)("counted %s", (_, start) => {
  test.each([
    { kind: "IPv4", family: 4, ip: 4, to: "10.77.0.2", left: "10.77.0.1", right: "10.77.0.2" },
    { kind: "IPv6", family: 6, ip: 6, to: "fd77::2", left: "fd77::1", right: "fd77::2" },
    { kind: "v4-mapped", family: 6, ip: 4, to: "::ffff:10.77.0.2", left: "10.77.0.1", right: "10.77.0.2" },
  ] as const)("what both ends of a session over $kind send and receive is told to the byte", async (over) => {
    const [client, server] = pair();
    const ends = await join(client, server, over.to, over.family);
    const recording = await record(start());
    await send(client, ends.clientFd, server, ends.serverFd, 1_234_567);
    await send(server, ends.serverFd, client, ends.clientFd, 7_654_321);
    const rows = (await rowsOf(recording)).filter(({ pid }) => pid === client.pid || pid === server.pid);
    const here = { localAddress: over.left, localPort: ends.clientPort };
    const there = { localAddress: over.right, localPort: ends.serverPort };
    const common = { comm: "sockets", ip: over.ip };
    expect(rows.sort((a, b) => a.sentBytes - b.sentBytes)).toEqual([
      expect.objectContaining({ ...common, ...here, pid: client.pid, receivedBytes: 7_654_321, sentBytes: 1_234_567 }),
      expect.objectContaining({ ...common, ...there, pid: server.pid, receivedBytes: 1_234_567, sentBytes: 7_654_321 }),
    ]);
    expect(rows[0]).toMatchObject({ remoteAddress: over.right, remotePort: ends.serverPort });
  });

  test("bytes that are only looked at are not received; those that sendfile sends are sent", async () => {
    const [client, server] = pair();
    const { clientFd, serverFd } = await join(client, server, network.rightAddress[4]);
    const file = path.join(temporary, "file");
    writeFileSync(file, "x".repeat(5000));
    const recording = await record(start());
    expect(await client.call("send-file", clientFd, file, 5000)).toBe(5000);
    await server.call("readable", serverFd);
    expect(await server.call("peek", serverFd, 100)).toBe(100);
    expect(await server.call("take-bytes", serverFd, 5000)).toBe(5000);
    const rows = await rowsOf(recording);
    expect([bytesOf(rows, client.pid), bytesOf(rows, server.pid)]).toEqual([
      [0, 5000],
      [5000, 0],
    ]);
  });
});

test("what io_uring receives counts", async () => {
  const [client, server] = pair();
  const { clientFd, serverFd } = await join(client, server, network.rightAddress[4]);
  const recording = await record(tcptop({ interval: 60 }));
  await server.call("ring", 0);
  await server.call("ring-read", serverFd);
  await client.call("give-bytes", clientFd, 777);
  expect(await server.call("ring-next")).toBe(777);
  expect(bytesOf(await rowsOf(recording), server.pid)).toEqual([777, 0]);
});

test("sessions that live less than an interval count, and tables of each second add up", async () => {
  const [client, server] = pair();
  const recording = await record(tcptop());
  const { listener, port } = await listen(server, 4);
  let sent = 0;
  for (let i = 0; i < 40; i++) {
    const clientFd = await client.call("socket", 4);
    await client.call("connect", clientFd, network.rightAddress[4], port);
    const serverFd = await server.call("accept", listener);
    await send(client, clientFd, server, serverFd, 100_000 + i);
    sent += 100_000 + i;
    await client.call("close", clientFd);
    await server.call("close", serverFd);
    if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 600));
  }
  const tables = recording.events.length;
  const rows = await rowsOf(recording);
  expect(tables).toBeGreaterThan(1);
  expect([bytesOf(rows, client.pid), bytesOf(rows, server.pid)]).toEqual([
    [0, sent],
    [sent, 0],
  ]);
  expect(new Set(rows.filter(({ pid }) => pid === client.pid).map(({ localPort }) => localPort)).size).toBe(40);
});

test("options choose by process and IP version", async () => {
  const [client, server] = pair();
  const [four, six]: readonly Ends[] = [
    await join(client, server, network.rightAddress[4]),
    await join(client, server, network.rightAddress[6], 6),
  ];
  const recordings = await Promise.all(
    [{ pid: client.pid }, { ipv4: true }, { ipv6: true }].map((options) =>
      record(tcptop({ ...options, interval: 60 })),
    ),
  );
  await send(client, four!.clientFd, server, four!.serverFd, 1000);
  await send(client, six!.clientFd, server, six!.serverFd, 2000);
  const [own, v4, v6] = await Promise.all(recordings.map(rowsOf));
  expect([bytesOf(own!, client.pid), bytesOf(own!, server.pid)]).toEqual([
    [0, 3000],
    [0, 0],
  ]);
  expect([bytesOf(v4!, client.pid), bytesOf(v6!, server.pid)]).toEqual([
    [0, 1000],
    [2000, 0],
  ]);
});

test("with a set of cgroups, or of mount namespaces, it counts what is sent inside, and not outside", async () => {
  const server = startActor();
  const { inside, outside, filters } = await insideAndOutside();
  const recordings = await Promise.all(filters.map((filter) => record(tcptop({ ...filter, interval: 60 }))));
  const { listener, port } = await listen(server, 4);
  for (const shell of [outside, inside]) {
    const sending = shell.run(`exec 3<>/dev/tcp/127.0.0.1/${port}; printf 12345 >&3; exec 3>&-`);
    const fd = await server.call("accept", listener);
    expect(await server.call("take-bytes", fd, 5)).toBe(5);
    await server.call("close", fd);
    await sending;
  }
  for (const recording of recordings) {
    const rows = await rowsOf(recording);
    expect(bytesOf(rows, inside.pid)).toEqual([0, 5]);
    expect(rows.map(({ pid }) => pid)).not.toContain(outside.pid);
    expect(rows.map(({ pid }) => pid)).not.toContain(server.pid);
  }
});

test("ss counts the same bytes of a session that is open", async () => {
  const [client, server] = pair();
  const recording = await record(tcptop({ interval: 60 }));
  const ends = await join(client, server, network.rightAddress[4]);
  await send(client, ends.clientFd, server, ends.serverFd, 345_678);
  await send(server, ends.serverFd, client, ends.clientFd, 4321);
  const ss = start(network.right[0], [...network.right.slice(1), "ss", "-tinH", "sport", "=", `:${ends.serverPort}`]);
  let text = "";
  for await (const line of ss.lines()) text += line;
  const [, received] = /bytes_received:(\d+)/.exec(text)!;
  const [, acked] = /bytes_acked:(\d+)/.exec(text)!;
  expect(bytesOf(await rowsOf(recording), server.pid)).toEqual([Number(received), Number(acked)]);
});
