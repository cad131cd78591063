import { readFileSync } from "node:fs";

import { EventStream, type Status, type Table } from "@rxbpf/core";
import { type RunOptions, sourceOf, table } from "@rxbpf/core/bpf";
import { MachineIds, PinnedSet } from "@rxbpf/filters";
import { type ConnectCount, tcpconnect } from "@rxbpf/probes";
import { describe, expect, onTestFinished, test } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { pinPath } from "../../../testing/kernel-objects.js";
import { record } from "../../../testing/recording.js";
import { type Actor, actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { listen } from "./support/sessions.js";

const startActor = actors();
const network = makeNetwork();

const { definition } = tcpconnect;
const { shape, constants = {}, schema } = tcpconnect.outputs.count;
const image = {
  name: "tcpconnect",
  bytes: () => readFileSync(new URL("../bpf/tcpconnect.bpf.o", import.meta.url)),
  variants: definition.variants({}),
};

/** The count as the probe makes it, with what options do not offer. */
function countStream(everyMs?: number, options: RunOptions = {}): EventStream<Table<ConnectCount>> {
  const prepare = (): RunOptions => ({
    ...options,
    constants: { ...constants, ...options.constants },
    leaveOut: ["events", "events_scratch"],
  });
  const source = sourceOf(image, table<ConnectCount>("counts", shape, { everyMs }), prepare);
  return new EventStream({ name: "count", schema, columns: () => [] }, source);
}

/** The counts of one port by the other end's address, added up over tables. */
function sums(tables: readonly Table<ConnectCount>[], port: number): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { remotePort, remoteAddress, count } of tables.flatMap(({ rows }) => rows))
    if (remotePort === port) sums[remoteAddress] = (sums[remoteAddress] ?? 0) + count;
  return sums;
}

/** Narrows a count to the connections of one process. */
function only({ pid }: Actor): NonNullable<RunOptions["constants"]> {
  return { only_processes: new MachineIds().processIdentities([pid]), processes_count: 1 };
}

async function serving(
  side: readonly string[],
  count: number,
): Promise<{ port: number; served: () => Promise<number> }> {
  const server = startActor(...side);
  const { listener, port } = await listen(server, 6);
  return { port, served: server.begin("serve", listener, count) };
}

describe("counting", () => {
  test("gives one table at the end: by both addresses and port, IPv4 first, then by number", async () => {
    const [client, silentClient] = [startActor(...network.left), startActor(...network.left)];
    const { port, served } = await serving(network.right, 9);
    const recording = await record(tcpconnect.count());
    await client.call("many", network.rightAddress[6], port, 5);
    await client.call("many", network.rightAddress[4], port, 3);
    await client.call("many", `::ffff:${network.rightAddress[4]}`, port, 1);
    for (let i = 0; i < 6; i++) await client.attempt("many", network.rightAddress[4], 81, 1);
    await silentClient.attempt("connect", await silentClient.call("socket", 4, 1), network.silent[4], 82);
    await silentClient.exit();
    await served();

    const tables = await recording.finish();
    expect(tables).toHaveLength(1);
    const { rows } = tables[0]!.filter(({ remotePort }) => [port, 81, 82].includes(remotePort));
    const time = expect.closeTo(Date.now(), -4) as number;
    const v4 = { time, ip: 4, localAddress: network.leftAddress[4], remoteAddress: network.rightAddress[4] };
    expect(rows).toEqual([
      { ...v4, remotePort: 81, count: 6 },
      { ...v4, remotePort: port, count: 4 },
      { ...v4, remoteAddress: network.silent[4], remotePort: 82, count: 1 },
      {
        time,
        ip: 6,
        localAddress: network.leftAddress[6],
        remoteAddress: network.rightAddress[6],
        remotePort: port,
        count: 5,
      },
    ]);
    expect(recording.lost()).toBe(0);
  });

  test("gives a table every interval, of what came since the last", async () => {
    const client = startActor(...network.left);
    const { port } = await serving(network.right, 5);
    const stream = tcpconnect.count({ interval: 1, port: [port] });
    const recording = await record(stream);
    await client.call("many", network.rightAddress[4], port, 2);
    await recording.find((table) => table.length > 0);
    const before = recording.events.length;
    await client.call("many", network.rightAddress[4], port, 3);
    const tables = await recording.finish();
    expect(
      tables
        .slice(0, before)
        .flatMap(({ rows }) => rows)
        .map(({ count }) => count),
    ).toEqual([2]);
    expect(
      tables
        .slice(before)
        .flatMap(({ rows }) => rows)
        .map(({ count }) => count),
    ).toEqual([3]);
  });

  test.each([
    ["without an interval", undefined],
    ["with one of 20 ms", 20],
  ])("loses and doubles nothing while two processes count at once, %s", async (_, intervalMs) => {
    const EACH = 8_000;
    const clients = [startActor(), startActor()];
    const servers = await Promise.all(clients.map(() => serving([], EACH)));
    const recording = await record(countStream(intervalMs));
    // Both count the same key too: a port where nobody listens.
    const made = clients.map(async (client, i) => {
      await client.call("many", "127.0.0.1", 9, EACH);
      return client.call("many", "127.0.0.1", servers[i]!.port, EACH);
    });
    expect(await Promise.all(made)).toEqual([EACH, EACH]);
    await Promise.all(servers.map(({ served }) => served()));
    const tables = await recording.finish();
    expect(sums(tables, 9)).toEqual({ "127.0.0.1": 2 * EACH });
    for (const { port } of servers) expect(sums(tables, port)).toEqual({ "127.0.0.1": EACH });
    expect(recording.lost()).toBe(0);
    if (intervalMs) expect(tables.length).toBeGreaterThan(5);
    for (const table of tables) {
      const keys = table.map(
        ({ localAddress, remoteAddress, remotePort }) => `${localAddress} ${remoteAddress} ${remotePort}`,
      );
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test("says so when nothing of a set was counted, and not when something was", async () => {
    const empty = PinnedSet.create(pinPath(), "mntns");
    onTestFinished(() => empty.close());
    const used = PinnedSet.create(pinPath(), "mntns");
    onTestFinished(() => used.close());
    const client = startActor(...network.left);
    await client.call("socket", 4);
    used.add({ pid: client.pid });
    const recordings = {
      empty: await record(tcpconnect.count({ mntnsmap: empty.path })),
      used: await record(tcpconnect.count({ mntnsmap: used.path, interval: 1 })),
    };
    await client.attempt("many", network.rightAddress[4], 81, 1);
    const said = ({ statuses }: { statuses: readonly Status[] }): string[] =>
      statuses.flatMap((status) =>
        status.type === "notice" && status.message.startsWith("no event") ? [status.message] : [],
      );
    await expect
      .poll(() => said(recordings.empty), { timeout: 10_000 })
      .toEqual([`no event so far: ${empty.path} is empty`]);
    await recordings.used.find(() => recordings.used.events.length >= 5); // it is as old by now
    expect(said(recordings.used)).toEqual([]);
  });
});

describe("a map that is full", () => {
  const reasons = (recording: { statuses: readonly { type: string; reason?: string }[] }): unknown[] => [
    ...new Set(recording.statuses.flatMap(({ type, reason }) => (type === "lost" ? [reason] : []))),
  ];

  async function connectTo(client: Actor, port: number): Promise<void> {
    await client.attempt("many", network.rightAddress[4], port, 1);
  }

  test("of counts loses keys, and says how many", async () => {
    const client = startActor(...network.left);
    const recording = await record(
      countStream(undefined, { constants: only(client), maxEntries: { counts_0: 1, counts_1: 1 } }),
    );
    for (const port of [81, 82, 83, 81]) await connectTo(client, port);
    const { rows } = (await recording.finish())[0]!;
    expect(rows).toHaveLength(1);
    expect(rows.reduce((sum, { count }) => sum + count, 0) + recording.lost()).toBe(4);
    expect(reasons(recording)).toEqual(["map full"]);
  });
});

test("nothing of a count stays in the kernel when it is unsubscribed, or has ended", async () => {
  for (const end of ["unsubscribe", "finish"] as const) {
    const before = holdings();
    const recording = await record(tcpconnect.count({ interval: 1 }));
    const objects = holdings().objects.filter((object) => !before.objects.includes(object));
    expect(inKernel(objects).length).toBeGreaterThan(4);
    await recording[end]();
    expect(holdings()).toEqual(before);
    // The kernel frees what nobody holds a moment later.
    await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
  }
});

test("a count that is held gives no tables until it goes on, and misses nothing", async () => {
  const client = startActor(...network.left);
  const { port } = await serving(network.right, 2);
  const counting = await record(countStream(20, { constants: only(client) }));
  const tables = counting.events;
  await expect.poll(() => tables.length).toBeGreaterThan(0);
  counting.hold();
  await client.call("many", network.rightAddress[4], port, 1);
  const held = tables.length;
  await client.call("many", network.rightAddress[4], port, 1);
  expect(tables.length - held).toBeLessThanOrEqual(1); // one was under way
  counting.release();
  await expect.poll(() => sums(tables, port)).toEqual({ [network.rightAddress[4]]: 2 });
});
