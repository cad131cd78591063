import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { type ConnectEvent, tcpconnect } from "@rxbpf/probes";
import { type Answer, encode } from "dns-packet";
import { afterAll, describe, expect, test } from "vitest";

import { run, start } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";
import { type Actor, actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { listen } from "./support/sessions.js";

const startActor = actors();
const network = makeNetwork();
const { left, right, rightAddress, silent } = network;
const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-test-dns-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command on the left with 127.0.0.1 as its name server. */
function resolving(...command: readonly string[]): readonly string[] {
  const resolvConf = path.join(folder, "resolv.conf");
  writeFileSync(resolvConf, "nameserver 127.0.0.1\n");
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return [...left, "unshare", "-m", "sh", "-c", script, resolvConf, ...command];
}

async function serveNames(answers: Readonly<Record<string, readonly Answer[]>>): Promise<void> {
  const server = fileURLToPath(new URL("support/dns-server.mjs", import.meta.url));
  const [command, ...rest] = [...left, process.execPath, server, JSON.stringify(answers)];
  expect(await start(command!, rest).line()).toBe("serving");
}

/** `www` is an alias of an alias of a host with both versions. */
const CHAIN: readonly Answer[] = [
  { name: "www.example.test", type: "CNAME", data: "cdn.example.test" },
  { name: "cdn.example.test", type: "CNAME", data: "host.example.test" },
  { name: "host.example.test", type: "A", data: rightAddress[4] },
  { name: "host.example.test", type: "AAAA", data: rightAddress[6] },
];

/** Where the tests' servers are. */
const SERVER = "127.0.0.2";
/** What comes before a command that is to run as the user nobody. */
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** A DNS server's socket, played by a process, and a process that asks and connects. */
async function makePair() {
  const server = startActor(...left);
  const from = await server.call("udp");
  await server.call("bind", from, SERVER, 53);

  /** A process that asks, behind a command that makes it another user's. */
  const as = async (become: readonly string[]) => {
    const client = startActor(...left, ...become);
    const to = await client.call("udp");
    await client.call("bind", to, "127.0.0.1", 0);
    const port = await client.call("port", to);
    const ask = (packet: Buffer, by = "sendto"): Promise<number> =>
      client.call("send", to, by, SERVER, packet.toString("hex"));
    const give = async (packet: Buffer, by = "recvfrom"): Promise<void> => {
      await server.call("send-hex", from, "127.0.0.1", port, packet.toString("hex"));
      await client.call("receive", to, by);
    };
    /** Asks for the addresses of a name, and is given this one. */
    const learn = async (name: string, address: string): Promise<void> => {
      await ask(question(name));
      await give(addressOf(name, address));
    };
    return { client, to, ask, give, learn };
  };
  return { ...(await as([])), as };
}

function question(name: string): Buffer {
  return encode({ type: "query", id: 1, questions: [{ type: "A", name }] });
}

function answer(name: string, ...answers: readonly Answer[]): Buffer {
  return encode({ type: "response", id: 1, questions: [{ type: "A", name }], answers: [...answers] });
}

function addressOf(name: string, address: string): Buffer {
  return answer(name, { name, type: "A", data: address });
}

async function connect(client: Actor, address: string, port: number, nonblock = 0): Promise<void> {
  const fd = await client.call("socket", 4, nonblock);
  await client.attempt("connect", fd, address, port);
}

function queries(pid: number, events: readonly ConnectEvent[]): (string | undefined)[] {
  return events.filter((event) => event.pid === pid).map(({ query }) => query);
}

describe("the name that a process asked for stands with its connect, whatever the aliases", () => {
  test.each([4, 6] as const)("with the C library's resolver, over IPv%d", async (version) => {
    await serveNames({ "www.example.test": CHAIN });
    const recording = await record(tcpconnect({ dns: true }));
    // It is refused, which does not matter here.
    const [command = "", ...rest] = resolving("curl", "-s", `-${version}`, "http://www.example.test:81/");
    const curl = await run(command, rest);
    const events = (await recording.finish()).filter(({ pid }) => pid === curl.pid);
    expect(events).toMatchObject([{ remoteAddress: rightAddress[version], query: "www.example.test" }]);
    expect(events[0]!.queryAgeMs).toBeGreaterThan(0);
  });

  test("with c-ares, as Node resolves", async () => {
    await serveNames({ "www.example.test": CHAIN });
    const { port } = await listen(startActor(...right), 6);
    const script = `
      const [address] = await new (await import("node:dns")).promises.Resolver().resolve4("www.example.test");
      const socket = (await import("node:net")).connect(${port}, address, () => socket.destroy());`;
    const recording = await record(tcpconnect({ dns: true }));
    const [command = "", ...rest] = resolving(process.execPath, "--input-type=module", "-e", script);
    const node = await run(command, rest);
    expect(node).toMatchObject({ status: 0, stderr: "" });
    expect(queries(node.pid, await recording.finish())).toEqual(["www.example.test"]);
  });

  test.each([
    ["sendto", "recvfrom"],
    ["sendmsg", "recvmsg"],
    ["sendmmsg", "recvmmsg"],
  ])("with %s and %s on a socket that is not connected", async (send, receive) => {
    const { client, ask, give } = await makePair();
    const recording = await record(tcpconnect({ dns: true }));
    await ask(question("www.example.test"), send);
    await give(addressOf("www.example.test", rightAddress[4]), receive);
    await connect(client, rightAddress[4], 81);
    expect(queries(client.pid, await recording.finish())).toEqual(["www.example.test"]);
  });

  test.each([
    ["sendto", "recvfrom"],
    ["sendmsg", "recvmsg"],
    ["sendmmsg", "recvmmsg"],
    ["write", "read"],
  ])("with %s and %s on a socket that is connected", async (send, receive) => {
    const { client, to, ask, give } = await makePair();
    await client.call("connect", to, SERVER, 53);
    const recording = await record(tcpconnect({ dns: true }));
    await ask(question("www.example.test"), send);
    await give(addressOf("www.example.test", rightAddress[4]), receive);
    await connect(client, rightAddress[4], 81);
    expect(queries(client.pid, await recording.finish())).toEqual(["www.example.test"]);
  });
});

test("of several names for an address it is the last before the connect, though that is told late", async () => {
  const { client, learn } = await makePair();
  const recording = await record(tcpconnect({ dns: true }));
  await learn("first.example.test", silent[4]);
  await learn("last.example.test", silent[4]);
  await connect(client, silent[4], 80, 1);
  await learn("late.example.test", silent[4]);
  await recording.find(({ pid }) => pid === client.pid);
  expect(queries(client.pid, await recording.finish())).toEqual(["last.example.test"]);
});

test("the age of an answer is the time from it to the connect", async () => {
  const { client, learn } = await makePair();
  const recording = await record(tcpconnect({ dns: true }));
  await learn("old.example.test", rightAddress[4]);
  await delay(120);
  await connect(client, rightAddress[4], 81);
  const event = await recording.find(({ pid }) => pid === client.pid);
  expect(event.queryAgeMs).toBeGreaterThan(119);
  expect(event.queryAgeMs).toBeLessThan(10_000);
});

test("without an answer there is no name; from another port there is no answer", async () => {
  const { client, to, ask } = await makePair();
  const other = startActor(...left);
  const from = await other.call("udp");
  const recording = await record(tcpconnect({ dns: true }));
  const packet = addressOf("forged.example.test", rightAddress[4]).toString("hex");
  await ask(question("forged.example.test"));
  await other.call("send-hex", from, "127.0.0.1", await client.call("port", to), packet);
  await client.call("receive", to, "recvfrom");
  await connect(client, rightAddress[4], 81);
  const [event] = (await recording.finish()).filter(({ pid }) => pid === client.pid);
  expect(event).not.toHaveProperty("query");
  expect(event).not.toHaveProperty("queryAgeMs");
});

describe("an answer is nobody's name", () => {
  test("if its socket did not ask for it", async () => {
    const { client, ask, give } = await makePair();
    const recording = await record(tcpconnect({ dns: true }));
    await give(addressOf("forged.example.test", rightAddress[4]));
    await ask(question("www.example.test"));
    await give(addressOf("forged.example.test", rightAddress[4]));
    await connect(client, rightAddress[4], 81);
    expect(queries(client.pid, await recording.finish())).toEqual([undefined]);
  });

  test("in another network, though somebody without privileges makes himself the server of his own", async () => {
    const [victim, forger] = [
      startActor(...left),
      startActor(...NOBODY, "unshare", "-Urn", "sh", "-c", 'ip link set lo up && exec "$0"'),
    ];
    const [server, client] = [await forger.call("udp"), await forger.call("udp")];
    await forger.call("bind", server, SERVER, 53);
    await forger.call("bind", client, "127.0.0.1", 0);
    const recording = await record(tcpconnect({ dns: true }));
    await forger.call("send", client, "sendto", SERVER, question("bank.example.test").toString("hex"));
    const packet = addressOf("bank.example.test", "127.0.0.9").toString("hex");
    await forger.call("send-hex", server, "127.0.0.1", await forger.call("port", client), packet);
    await forger.call("receive", client, "recvfrom");
    for (const actor of [forger, victim]) await connect(actor, "127.0.0.9", 81);
    const events = await recording.finish();
    expect(queries(forger.pid, events)).toEqual(["bank.example.test"]);
    expect(queries(victim.pid, events)).toEqual([undefined]);
  });

  test("for other users, but what users of the system learn is a name for all", async () => {
    const { client, learn, as } = await makePair();
    const forger = await as(NOBODY);
    const [root, other] = [startActor(...left), startActor(...left, ...NOBODY)];
    const recording = await record(tcpconnect({ dns: true }));
    await learn("www.example.test", rightAddress[4]);
    await forger.learn("forged.example.test", rightAddress[4]);
    for (const actor of [client, root, other]) await connect(actor, rightAddress[4], 81);
    const events = await recording.finish();
    expect([client, root, other].map(({ pid }) => queries(pid, events))).toEqual([
      ["www.example.test"],
      ["www.example.test"],
      ["forged.example.test"],
    ]);
  });
});

test("hostile packets are survived, and none is taken for an event", async () => {
  const { client, ask, give, learn } = await makePair();
  const good = answer("www.example.test", ...CHAIN.slice(0, 3));
  const loop = Buffer.from(good);
  loop.writeUInt16BE(0xc00c, 12); // the name asked for points at itself
  const counts = Buffer.from(good);
  counts.fill(0xff, 4, 12);
  const zeros = Buffer.alloc(512);
  const many = answer(
    "many.example.test",
    ...Array.from({ length: 200 }, (_, i): Answer => ({ name: "a", type: "A", data: `192.0.2.${i}` })),
  );
  const packets = [
    ...Array.from({ length: 200 }, (_, i) => randomBytes(1 + ((i * 37) % 2000))),
    ...Array.from({ length: good.length }, (_, i) => good.subarray(0, i)).slice(1),
    ...[loop, counts, zeros, many, Buffer.concat([many, randomBytes(4000)])],
  ];
  const recording = await record(tcpconnect({ dns: true }));
  for (const packet of packets) {
    await ask(question("www.example.test"));
    await give(packet);
    await ask(packet);
  }
  await connect(client, "192.0.2.199", 81); // no route: not even a SYN
  await learn("good.example.test", rightAddress[4]);
  await connect(client, rightAddress[4], 81);
  expect(queries(client.pid, await recording.finish())).toEqual(["good.example.test"]);
  expect(recording.events.every(({ pid, comm, remotePort }) => pid > 0 && comm !== "" && remotePort > 0)).toBe(true);
  expect(recording.lost()).toBe(0);
});
