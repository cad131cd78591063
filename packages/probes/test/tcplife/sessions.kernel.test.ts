import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

import { type LifeEvent, tcplife } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { type Actor, actors } from "../../../../testing/actor.js";
import { insideAndOutside } from "../../../../testing/containers.js";
import { makeNetwork } from "../../../../testing/network.js";
import { start } from "../../../../testing/programs.js";
import { type Recording, record } from "../../../../testing/recording.js";
import { type Ends, join, listen } from "../support/sessions.js";

const startActor = actors();
const network = makeNetwork();
const WRITING = 1;

const pair = () => [startActor(...network.left), startActor(...network.right)] as const;

/** Sends so many bytes each way, which both read. */
async function exchange({ client, server, clientFd, serverFd }: Ends, up: number, down: number): Promise<void> {
  const taken = server.begin("take-bytes", serverFd, up);
  await client.call("give-bytes", clientFd, up);
  expect(await taken()).toBe(up);
  const answered = client.begin("take-bytes", clientFd, down);
  await server.call("give-bytes", serverFd, down);
  expect(await answered()).toBe(down);
}

async function close({ client, server, clientFd, serverFd }: Ends): Promise<void> {
  await client.call("close", clientFd);
  await server.call("hung-up", serverFd);
  await server.call("close", serverFd);
}

/** The events of two processes, the client's first, when both are there. */
async function endsOf(recording: Recording<LifeEvent>, client: Actor, server: Actor): Promise<[LifeEvent, LifeEvent]> {
  await recording.find(({ pid }) => pid === client.pid);
  await recording.find(({ pid }) => pid === server.pid);
  const events = (await recording.finish()).filter(({ pid }) => pid === client.pid || pid === server.pid);
  expect(recording.lost()).toBe(0);
  expect(events).toHaveLength(2);
  return events[0]!.pid === client.pid ? [events[0]!, events[1]!] : [events[1]!, events[0]!];
}

test.each([
  { kind: "IPv4", family: 4, ip: 4, to: "10.77.0.2", left: "10.77.0.1", right: "10.77.0.2" },
  { kind: "IPv6", family: 6, ip: 6, to: "fd77::2", left: "fd77::1", right: "fd77::2" },
  { kind: "v4-mapped", family: 6, ip: 4, to: "::ffff:10.77.0.2", left: "10.77.0.1", right: "10.77.0.2" },
] as const)(
  "a session over $kind is told once to each end, with its owner, its bytes to the last, and how long it was",
  async ({ family, ip, to, left, right }) => {
    const [client, server] = pair();
    const recording = await record(tcplife());
    const before = performance.now();
    const ends = await join(client, server, to, family);
    const established = performance.now();
    await exchange(ends, 1_234_567, 7_654_321);
    await sleep(300);
    const closing = performance.now();
    await close(ends);
    const [here, there] = await endsOf(recording, client, server);
    const after = performance.now();
    const { clientPort, serverPort } = ends;
    expect(here).toMatchObject({
      ...{ comm: "sockets", ip, sentBytes: 1_234_567, receivedBytes: 7_654_321 },
      ...{ localAddress: left, localPort: clientPort, remoteAddress: right, remotePort: serverPort },
    });
    expect(there).toMatchObject({
      ...{ comm: "sockets", ip, sentBytes: 7_654_321, receivedBytes: 1_234_567 },
      ...{ localAddress: right, localPort: serverPort, remoteAddress: left, remotePort: clientPort },
    });
    for (const { durationNs } of [here, there]) {
      expect(durationNs / 1e6).toBeGreaterThan(closing - established);
      expect(durationNs / 1e6).toBeLessThan(after - before);
    }
  },
);

test("its bytes are what ss says of the sockets, without those for SYN and FIN", async () => {
  const [client, server] = pair();
  const recording = await record(tcplife());
  const ends = await join(client, server, network.rightAddress[4]);
  await exchange(ends, 100_000, 3);
  const ss = ["ss", "-tinH", "sport", "=", `:${ends.clientPort}`];
  const text = execFileSync(network.left[0], [...network.left.slice(1), ...ss], { encoding: "utf8" });
  const [, acked] = /bytes_acked:(\d+)/.exec(text)!;
  const [, received] = /bytes_received:(\d+)/.exec(text)!;
  await close(ends);
  const [here] = await endsOf(recording, client, server);
  expect([here.sentBytes, here.receivedBytes]).toEqual([Number(acked) - 1, Number(received)]);
});

describe("while packets are lost", () => {
  const neighbour = ["neighbour", "replace", network.rightAddress[4], "dev", "cable", "lladdr"];
  const onLeft = (...command: readonly string[]): string =>
    execFileSync(network.left[0], [...network.left.slice(1), ...command], { encoding: "utf8" });

  /** Lets packets from the left go to nobody while `action` runs. */
  async function whileLost(action: () => Promise<void>): Promise<void> {
    const [{ address }] = JSON.parse(
      execFileSync(network.right[0], [...network.right.slice(1), "ip", "-j", "link", "show", "cable"]).toString(),
    ) as [{ address: string }];
    onLeft("ip", ...neighbour, "02:00:00:00:00:97");
    await action().finally(() => onLeft("ip", ...neighbour, address));
  }

  test("bytes that are sent again count once", async () => {
    const [client, server] = pair();
    const recording = await record(tcplife());
    const ends = await join(client, server, network.rightAddress[4]);
    await exchange(ends, 5000, 10);
    await whileLost(async () => {
      await client.call("give-bytes", ends.clientFd, 3000);
      await sleep(700);
      const ss = onLeft("ss", "-tinH", "sport", "=", `:${ends.clientPort}`);
      expect(Number(/bytes_retrans:(\d+)/.exec(ss)![1])).toBeGreaterThan(0);
    });
    expect(await server.call("take-bytes", ends.serverFd, 3000)).toBe(3000);
    await close(ends);
    const [here, there] = await endsOf(recording, client, server);
    expect([here.sentBytes, there.receivedBytes]).toEqual([8000, 8000]);
  });

  test("what the peer has not acknowledged does not count", async () => {
    const [client, server] = pair();
    const recording = await record(tcplife());
    const ends = await join(client, server, network.rightAddress[4]);
    await exchange(ends, 5000, 10);
    await whileLost(async () => {
      await client.call("give-bytes", ends.clientFd, 3000);
      await client.call("linger", ends.clientFd, 0);
      await client.call("close", ends.clientFd);
    });
    expect(await recording.find(({ pid }) => pid === client.pid)).toMatchObject({ sentBytes: 5000, receivedBytes: 10 });
  });
});

test("a session that is reset is told to both ends, with its bytes", async () => {
  const [client, server] = pair();
  const recording = await record(tcplife());
  const ends = await join(client, server, network.rightAddress[4]);
  await exchange(ends, 5000, 6000);
  await client.call("linger", ends.clientFd, 0);
  await client.call("close", ends.clientFd);
  await server.call("hung-up", ends.serverFd);
  await server.call("close", ends.serverFd);
  const [here, there] = await endsOf(recording, client, server);
  expect([here.sentBytes, here.receivedBytes]).toEqual([5000, 6000]);
  expect([there.sentBytes, there.receivedBytes]).toEqual([6000, 5000]);
});

test("a session that ends before it is accepted is told when it is, of who accepts it", async () => {
  const [client, server] = pair();
  const recording = await record(tcplife());
  const { listener, port } = await listen(server, 4);
  const fd = await client.call("socket", 4);
  await client.call("connect", fd, network.rightAddress[4], port);
  await client.call("give-bytes", fd, 77);
  await client.call("linger", fd, 0);
  await client.call("close", fd);
  await recording.find(({ pid }) => pid === client.pid);
  await server.call("accept", listener);
  const [, there] = await endsOf(recording, client, server);
  expect(there).toMatchObject({ localPort: port, receivedBytes: 77, sentBytes: 0 });
});

test("half closed it goes on; the side that closes first is done when the other is", async () => {
  const [client, server] = pair();
  const recording = await record(tcplife());
  const ends = await join(client, server, network.rightAddress[4]);
  await client.call("shutdown", ends.clientFd, WRITING);
  const answered = client.begin("take-bytes", ends.clientFd, 200_000);
  await server.call("give-bytes", ends.serverFd, 200_000);
  expect(await answered()).toBe(200_000);
  await server.call("close", ends.serverFd);
  await client.call("hung-up", ends.clientFd);
  await client.call("close", ends.clientFd);
  const [here, there] = await endsOf(recording, client, server);
  expect([here.receivedBytes, there.sentBytes]).toEqual([200_000, 200_000]);
});

test("connections accepted through io_uring, and many one after the other, are told each once", async () => {
  const [client, server] = pair();
  const recording = await record(tcplife());
  const { listener, port } = await listen(server, 4);
  await server.call("ring", 0);
  await server.call("ring-accept", listener);
  const fd = await client.call("socket", 4);
  await client.call("connect", fd, network.rightAddress[4], port);
  const accepted = await server.call("ring-next");
  await server.call("give-bytes", accepted, 10);
  await server.call("close", accepted);
  await client.call("hung-up", fd);
  await client.call("close", fd);
  const serving = server.begin("serve", listener, 500);
  expect(await client.call("many", network.rightAddress[4], port, 500)).toBe(500);
  expect(await serving()).toBe(500);
  const by = (pid: number): LifeEvent[] => recording.events.filter((event) => event.pid === pid);
  await expect.poll(() => by(client.pid).length).toBe(501);
  await expect.poll(() => by(server.pid).length).toBe(501);
  await recording.finish();
  expect([by(client.pid).length, by(server.pid).length, recording.lost()]).toEqual([501, 501, 0]);
  expect(by(server.pid)[0]).toMatchObject({ sentBytes: 10, remoteAddress: network.leftAddress[4] });
});

test("what is no session is not told: a refused connect, one that nobody accepted", async () => {
  const [client, server] = pair();
  const recording = await record(tcplife());
  const refused = await client.call("socket", 4);
  await client.attempt("connect", refused, network.rightAddress[4], 81);
  await client.call("close", refused);
  const { listener, port } = await listen(server, 4);
  const queued = await client.call("socket", 4);
  await client.call("connect", queued, network.rightAddress[4], port);
  await server.call("close", listener);
  await client.call("hung-up", queued);
  await client.call("close", queued);
  await recording.find(({ pid }) => pid === client.pid);
  const pids = (await recording.finish()).map(({ pid }) => pid).filter((pid) => [client.pid, server.pid].includes(pid));
  expect(pids).toEqual([client.pid]);
});

test("options choose by process, by the ports of both sides, and by IP version", async () => {
  const [client, server] = pair();
  const [one, two] = [await join(client, server, network.rightAddress[4]), await listen(server, 4)];
  const recordings = {
    process: await record(tcplife({ pid: client.pid })),
    local: await record(tcplife({ localport: [two.port] })),
    remote: await record(tcplife({ remoteport: [one.serverPort, two.port] })),
    both: await record(tcplife({ localport: [two.port], remoteport: [two.port] })),
    six: await record(tcplife({ ipv6: true })),
  };
  const fd = await client.call("socket", 4);
  await client.call("connect", fd, network.rightAddress[4], two.port);
  const serverFd = await server.call("accept", two.listener);
  await close({ ...one, clientFd: fd, serverFd });
  await close(one); // from before the trace: not told
  await recordings.process.find(({ pid }) => pid === client.pid);
  await recordings.local.find(({ pid }) => pid === server.pid);
  const told = async (name: keyof typeof recordings): Promise<string[]> =>
    (await recordings[name].finish())
      .filter(({ pid }) => [client.pid, server.pid].includes(pid))
      .map(({ pid }) => (pid === client.pid ? "client" : "server"));
  expect(await told("process")).toEqual(["client"]);
  expect(await told("local")).toEqual(["server"]);
  expect(await told("remote")).toEqual(["client"]);
  expect(await told("both")).toEqual([]);
  expect(await told("six")).toEqual([]);
});

test("libbpf-tools' tcplife sees the same sessions", async () => {
  const [client, server] = pair();
  const witness = start("stdbuf", ["-oL", "tcplife"]);
  await witness.line();
  const recording = await record(tcplife());
  const ends = await join(client, server, network.rightAddress[4]);
  await exchange(ends, 500_000, 300_000);
  await close(ends);
  const [here, there] = await endsOf(recording, client, server);
  await sleep(500);
  witness.kill("SIGINT");
  const theirs: string[] = [];
  for await (const line of witness.lines()) theirs.push(line.replaceAll(/ +/g, " "));
  for (const { localAddress, localPort, remoteAddress, remotePort, sentBytes, receivedBytes } of [here, there]) {
    const line = theirs.find((one) => one.includes(` ${localAddress} ${localPort} ${remoteAddress} ${remotePort} `));
    const [tx, rx] = line!.trim().split(" ").slice(-3, -1).map(Number);
    expect(Math.abs(tx! - sentBytes / 1024)).toBeLessThan(1);
    expect(Math.abs(rx! - receivedBytes / 1024)).toBeLessThan(1);
  }
});

test("with a set of cgroups, or of mount namespaces, it tells sessions of who is inside, and nobody outside", async () => {
  const server = startActor();
  const { inside, outside, filters } = await insideAndOutside();
  const recordings = await Promise.all(filters.map((filter) => record(tcplife(filter))));
  const { listener, port } = await listen(server, 4);
  for (const shell of [outside, inside]) {
    const connected = shell.run(`exec 3<>/dev/tcp/127.0.0.1/${port}; read -r -n 1 -u 3; exec 3>&-`);
    const fd = await server.call("accept", listener);
    await server.call("write", fd, "x");
    await server.call("close", fd);
    await connected;
  }
  for (const recording of recordings) {
    await recording.find(({ pid }) => pid === inside.pid);
    const pids = (await recording.finish()).map(({ pid }) => pid);
    expect(pids).not.toContain(outside.pid);
    expect(pids).not.toContain(server.pid);
  }
});
