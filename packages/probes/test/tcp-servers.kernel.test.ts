import { execFileSync } from "node:child_process";

import {
  type AcceptEvent,
  type ConnectEvent,
  type SessionEvent,
  tcpaccept,
  tcpconnect,
  tcptracer,
} from "@rxbpf/probes";
import { expect, onTestFinished, test } from "vitest";

import { type Child, run, start } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";
import { startCapture } from "../../../testing/capture.js";
import { makeNetwork } from "../../../testing/network.js";
import { apache, redisServer } from "../../../testing/servers.js";

const network = makeNetwork();
const { right, left, rightAddress } = network;
const httpServer = apache(8080, "hello");
const redis = redisServer();

function inNetwork(side: readonly string[], ...command: readonly string[]): Child {
  return start(side[0]!, [...side.slice(1), ...command]);
}

/** Waits until somebody listens on a port on the right, and gives the listener's process. */
async function listenerOf(port: number): Promise<number> {
  const line = (): string =>
    execFileSync(right[0]!, [...right.slice(1), "ss", "-Htlnp", `sport = :${port}`], { encoding: "utf8" });
  await expect.poll(line, { timeout: 10_000, interval: 20 }).toContain("pid=");
  return Number(/pid=(\d+)/.exec(line())![1]);
}

/** One trace of each kind, of what reaches or leaves a port. */
async function traceAll(port: number) {
  const recordings = {
    connects: await record(tcpconnect({ port: [port] })),
    accepts: await record(tcpaccept({ port: [port] })),
    sessions: await record(tcptracer()),
  };
  return async () => {
    const connects = await recordings.connects.finish();
    const accepts = await recordings.accepts.finish();
    const all = await recordings.sessions.finish();
    const sessions = all.filter(({ localPort, remotePort }) => localPort === port || remotePort === port);
    expect(Object.values(recordings).map((recording) => recording.lost())).toEqual([0, 0, 0]);
    return { connects, accepts, sessions };
  };
}

type Ended = ConnectEvent | AcceptEvent | SessionEvent;
const here = ({ localAddress, localPort, remoteAddress, remotePort }: Ended): string =>
  `${localAddress} ${localPort} > ${remoteAddress} ${remotePort}`;
const there = ({ localAddress, localPort, remoteAddress, remotePort }: Ended): string =>
  `${remoteAddress} ${remotePort} > ${localAddress} ${localPort}`;

test("what curl asks of Apache is what a packet capture saw, with the processes of both", async () => {
  const server = inNetwork(right, ...httpServer);
  onTestFinished(async () => {
    server.kill("SIGTERM"); // takes its worker with it
    await server.ended();
  });
  await listenerOf(8080);
  const workers = execFileSync("pgrep", ["-P", String(server.pid)], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean)
    .map(Number);

  const capture = await startCapture(left, "cable", 8080);
  const finish = await traceAll(8080);
  const clients: number[] = [];
  for (const url of [`http://${rightAddress[4]}:8080/`, `http://[${rightAddress[6]}]:8080/`]) {
    for (let i = 0; i < 5; i++) {
      const curl = await run(left[0]!, [...left.slice(1), "curl", "-s", url]);
      expect(curl).toMatchObject({ status: 0, stdout: "hello" });
      clients.push(curl.pid);
    }
  }
  const { connects, accepts, sessions } = await finish();
  const syns = await capture.stop();

  expect(syns).toHaveLength(10);
  expect(connects.map(here)).toEqual(syns);
  expect(connects.map(({ pid }) => pid)).toEqual(clients);
  expect(accepts.map(there)).toEqual(syns);
  expect(new Set(accepts.map(({ pid }) => pid))).toEqual(new Set(workers));
  expect(accepts.every(({ comm }) => comm === "apache2")).toBe(true);
  const ofType = (type: string, pids: readonly number[]) =>
    sessions.filter((event) => event.type === type && pids.includes(event.pid));
  expect(sessions).toHaveLength(40);
  for (const type of ["connect", "close"]) expect(ofType(type, clients).map(here).sort()).toEqual([...syns].sort());
  for (const type of ["accept", "close"]) expect(ofType(type, workers).map(there).sort()).toEqual([...syns].sort());
});

test("the clients that a redis server has are those that ss names, and their end closes them", async () => {
  inNetwork(right, redis, "--port", "6399", "--bind", rightAddress[4], "--save", "", "--protected-mode", "no");
  const pid = await listenerOf(6399);
  const finish = await traceAll(6399);
  const clients = Array.from({ length: 5 }, () => inNetwork(left, "redis-cli", "-h", rightAddress[4], "-p", "6399"));
  for (const client of clients) {
    client.write("PING");
    expect(await client.line()).toBe("PONG");
  }
  const seen = ss(left, "dport = :6399");
  for (const client of clients) client.kill("SIGKILL");
  await expect.poll(() => ss(right, "sport = :6399"), { timeout: 5_000, interval: 20 }).toEqual([]);

  const { connects, accepts, sessions } = await finish();
  const pids = clients.map((client) => client.pid);
  expect(seen).toHaveLength(5);
  expect(byProcess(connects.map((event) => `${event.pid} ${here(event)}`))).toEqual(seen);
  expect(accepts.map(there).sort()).toEqual(connects.map(here).sort());
  expect(accepts.every((event) => event.pid === pid && event.comm === "redis-server")).toBe(true);
  const count = (type: string, of: readonly number[]) =>
    sessions.filter((event) => event.type === type && of.includes(event.pid)).length;
  expect([count("connect", pids), count("accept", [pid]), count("close", pids), count("close", [pid])]).toEqual([
    5, 5, 5, 5,
  ]);
  expect(sessions).toHaveLength(20);
});

test("a server and clients of Node, over both versions, each connection once", async () => {
  const SERVER = `
    const server = require("node:net").createServer((socket) => socket.end("bye"));
    server.listen(7000, () => console.log(process.pid));`;
  const CLIENT = `
    const { connect } = require("node:net");
    const go = (left) => left && connect(7000, process.argv[1]).on("close", () => go(left - 1)).resume();
    for (let i = 0; i < 10; i++) go(10);`;
  const server = inNetwork(right, process.execPath, "-e", SERVER);
  expect(Number(await server.line())).toBe(server.pid);
  const finish = await traceAll(7000);
  const clients = await Promise.all(
    [rightAddress[4], rightAddress[6]].map((to) =>
      run(left[0]!, [...left.slice(1), process.execPath, "-e", CLIENT, to]),
    ),
  );
  expect(clients.map(({ status }) => status)).toEqual([0, 0]);
  server.kill("SIGTERM");
  await server.ended().catch(() => {});

  const { connects, accepts, sessions } = await finish();
  expect(connects).toHaveLength(200);
  expect(connects.map(({ pid }) => pid).sort()).toEqual(clients.flatMap(({ pid }) => Array(100).fill(pid)).sort());
  expect(accepts.map(there).sort()).toEqual(connects.map(here).sort());
  expect(accepts.every(({ pid }) => pid === server.pid)).toBe(true);
  const count = (type: string) => sessions.filter((event) => event.type === type).length;
  expect([count("connect"), count("accept"), count("close")]).toEqual([200, 200, 400]);
});

/** The established connections that ss names, as `pid local > remote`, in the order of their processes. */
function ss(side: readonly string[], filter: string): string[] {
  const output = execFileSync(side[0]!, [...side.slice(1), "ss", "-Htnp", "state", "established", filter], {
    encoding: "utf8",
  });
  const lines = output.split("\n").flatMap((line) => {
    const [, local = "", remote = "", pid] = /^\d+\s+\d+\s+(\S+)\s+(\S+)\s+users:.*?pid=(\d+)/.exec(line.trim()) ?? [];
    return pid ? [`${pid} ${spaced(local)} > ${spaced(remote)}`] : [];
  });
  return byProcess(lines);
}

function byProcess(lines: readonly string[]): string[] {
  return [...lines].sort((a, b) => Number.parseInt(a) - Number.parseInt(b));
}

function spaced(addressAndPort: string): string {
  return addressAndPort.replace(/:(\d+)$/, " $1");
}
