import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { type OpenEvent, opensnoop, tcpaccept, tcpconnect, tcptracer } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { actors } from "../../../testing/actor.js";
import { compile, run, start, temporaryFolder } from "../../../testing/programs.js";
import { makeNetwork } from "../../../testing/network.js";
import { record } from "../../../testing/recording.js";
import { join, listen } from "./support/sessions.js";

/** A process without privileges cannot hide what others do: it uses up all that it can, and then they do something. */
const attacks = compile(new URL("../../../testing/attacks.c", import.meta.url), temporaryFolder());
const startActor = actors();
const EINPROGRESS = 115;
const ECANCELED = 125;

/** Starts an attack of testing/attacks.c, and gives its process once it holds all that it was to hold. */
async function attack(name: string, count: number) {
  const attacker = start(attacks, [name, String(count)]);
  expect(await attacker.line()).toBe(`ready ${count}`);
  return attacker;
}

test("thirty-eight thousand connections that somebody holds hide no session of others", async () => {
  const [client, server] = [startActor(), startActor()];
  const recording = await record(tcptracer());
  const only = await record(tcptracer({ pid: client.pid }));
  const attacker = await attack("sessions", 38_000);
  const { clientFd, serverFd } = await join(client, server, "127.0.0.1");
  await client.call("shutdown", clientFd, 1);
  await server.call("hung-up", serverFd);
  await client.call("close", clientFd);
  await server.call("close", serverFd);
  await attacker.ended();

  const events = await recording.finish();
  const ours = events.filter(({ pid }) => pid === client.pid || pid === server.pid);
  expect(ours.map(({ type, pid }) => [type, pid])).toEqual([
    ["connect", client.pid],
    ["accept", server.pid],
    ["close", client.pid],
    ["close", server.pid],
  ]);
  expect((await only.finish()).map(({ type }) => type)).toEqual(["connect", "close"]);
  expect([recording.lost(), only.lost()]).toEqual([0, 0]);
  const ofAttacker = (type: string) => events.filter(({ type: is, uid }) => is === type && uid === 65534).length;
  expect(["connect", "accept", "close"].map(ofAttacker)).toEqual([38_000, 38_000, 76_000]);
});

describe("opens of io_uring", () => {
  const folder = temporaryFolder();
  const uring = compile(new URL("opensnoop/programs/uring.c", import.meta.url), folder);

  test("that somebody lets wait hide none of others, nor their results", async () => {
    writeFileSync(path.join(folder, "made"), "");
    const recording = await record(opensnoop());
    // More than all processes have room for together, and than one has.
    const attackers = await Promise.all([...Array(5)].map(() => attack("opens", 17_000)));
    const idle = await record(opensnoop({ pid: attackers[0]!.pid }));
    const kinds = await run(uring, ["kinds", folder]);
    const many = await run(uring, ["many", folder]);
    expect(idle.events).toEqual([]);
    for (const attacker of attackers) await attacker.ended();

    const events = (await recording.finish()).filter(({ ioUring }) => ioUring);
    const of = (pid: number) => events.filter((event) => event.pid === pid);
    const byPath = of(kinds.pid).sort((a, b) => (a.path < b.path ? -1 : 1));
    const [made, missing, created] = kinds.stdout.trim().split("\n").map(Number);
    expect(byPath.map(({ path, ret }) => [path, ret])).toEqual([
      ["made", made],
      ["made by uring", created],
      ["missing", missing],
    ]);
    expect(of(many.pid).map(({ path }) => path)).toEqual(Array(200).fill("made"));
    for (const { pid } of attackers) {
      const rets = of(pid).map(({ ret }) => ret);
      expect(rets).toHaveLength(17_000);
      // What finds no room is told at once; the others when they are given up, by the kernel or with their process.
      expect(rets.filter((ret) => ret !== -EINPROGRESS && ret !== -ECANCELED)).toEqual([]);
    }
    await idle.finish();
    expect([recording.lost(), idle.lost()]).toEqual([0, 0]);
  });

  test("that one call makes, three thousand of them, are all told with their results", async () => {
    const recording = await record(opensnoop());
    const failed = await record(opensnoop({ failed: true }));
    const attacker = await attack("batch", 3_000);
    attacker.write("go");
    const results: number[] = [];
    for await (const line of attacker.lines()) results.push(Number(line));
    await attacker.ended();
    const rets = (events: readonly OpenEvent[]) =>
      events.filter((event) => event.ioUring && event.pid === attacker.pid).map(({ ret }) => ret);
    expect(results).toHaveLength(3_000);
    expect(rets(await recording.finish()).sort((a, b) => a - b)).toEqual(results.sort((a, b) => a - b));
    expect(rets(await failed.finish())).toEqual([]);
    expect([recording.lost(), failed.lost()]).toEqual([0, 0]);
  });

  test("are told with their results though their ring has no room to tell the process", async () => {
    const recording = await record(opensnoop());
    // More than a process has room for of its own.
    const attacker = await attack("crowded", 50);
    await attacker.ended();
    const events = (await recording.finish()).filter((event) => event.ioUring && event.pid === attacker.pid);
    // The descriptors after that of the ring.
    expect(events.map(({ ret }) => ret)).toEqual([...Array(50).keys()].map((i) => 4 + i));
    expect(recording.lost()).toBe(0);
  });
});

describe("requests of io_uring that accept many times, four thousand of them by somebody", () => {
  test("hide no connection that others accept, and count nothing as lost", async () => {
    const [client, server, early] = [startActor(), startActor(), startActor()];
    const accepting = async (by: typeof server) => {
      const { listener, port } = await listen(by, 4);
      await by.call("ring", 0);
      await by.call("ring-multishot", listener);
      return port;
    };
    const recording = await record(tcpaccept());
    const only = await record(tcpaccept({ pid: server.pid }));
    const idle = await record(tcpaccept({ pid: client.pid }));
    const before = await accepting(early);
    const attacker = await attack("accepts", 4_200);
    const after = await accepting(server);
    for (const port of [before, after, after]) {
      await client.call("connect", await client.call("socket", 4), "127.0.0.1", port);
      await (port === before ? early : server).call("ring-next");
    }
    await attacker.ended();

    const ports = (await recording.finish())
      .filter(({ pid }) => pid === server.pid || pid === early.pid)
      .map(({ localPort }) => localPort);
    expect(ports).toEqual([before, after, after]);
    expect((await only.finish()).map(({ localPort }) => localPort)).toEqual([after, after]);
    expect(await idle.finish()).toEqual([]);
    expect([recording, only, idle].map((one) => one.lost())).toEqual([0, 0, 0]);
  });

  test("hide only what those accept that have too many too, and that is counted as lost once, where it is asked for", async () => {
    const [client, server] = [startActor(), startActor()];
    const recording = await record(tcpaccept());
    const [only, other] = [await record(tcpaccept({ pid: server.pid })), await record(tcpaccept({ pid: client.pid }))];
    const { listener: dummy } = await listen(server, 4);
    const accept = async () => {
      const { listener, port } = await listen(server, 4);
      await server.call("ring-multishot", listener, 0, port);
      await client.call("connect", await client.call("socket", 4), "127.0.0.1", port);
      await server.call("ring-next");
    };
    await server.call("ring", 0);
    for (let i = 1; i <= 200; i++) await server.call("ring-multishot", dummy, 0, i);
    await accept();
    expect(recording.lost()).toBe(0);
    const attacker = await attack("accepts", 17_000);
    await accept();
    await accept();
    await attacker.ended();
    const told = (await recording.finish()).filter(({ pid }) => pid === server.pid);
    expect([told.length, (await only.finish()).length, (await other.finish()).length]).toEqual([1, 3, 0]);
    expect([recording.lost(), only.lost(), other.lost()]).toEqual([2, 0, 0]);
  });
});

test("a flood of DNS packets takes no room from connects, and is counted", async () => {
  const recording = await record(tcpconnect({ dns: true, ringBytes: 65_536 }));
  const attacker = await attack("dns", 1_000);
  const victim = start("sh", ["-c", "read -r go; sleep 0.2; exec curl -s http://127.0.0.1:81"]);
  attacker.write("go");
  victim.write("go");
  // This process reads nothing meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  await attacker.ended();
  await victim.ended().catch(() => {}); // it is refused
  expect((await recording.finish()).filter(({ pid }) => pid === victim.pid)).toMatchObject([{ remotePort: 81 }]);
  const lost = recording.statuses.filter((status) => status.type === "lost");
  expect(new Set(lost.map(({ reason }) => reason))).toEqual(new Set(["dns packet"]));
});

describe("in a network whose sockets are allowed no room for what a tracer keeps with them", () => {
  const network = makeNetwork();
  for (const [command, ...rest] of [network.left, network.right])
    execFileSync(command!, [...rest, "sysctl", "-q", "-w", "net.core.optmem_max=1"]);

  test("sessions and connects are told as everywhere", async () => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const connects = await record(tcpconnect({ pid: client.pid }));
    const sessions = await record(tcptracer());
    const { clientFd, serverFd, clientPort } = await join(client, server, network.rightAddress[4]);
    await client.call("shutdown", clientFd, 1);
    await server.call("hung-up", serverFd);
    await client.call("close", clientFd);
    await server.call("close", serverFd);
    expect((await connects.finish()).map(({ localPort }) => localPort)).toEqual([clientPort]);
    const ours = (await sessions.finish()).filter(({ pid }) => pid === client.pid || pid === server.pid);
    expect(ours.map(({ type }) => type)).toEqual(["connect", "accept", "close", "close"]);
    expect([connects.lost(), sessions.lost()]).toEqual([0, 0]);
  });
});
