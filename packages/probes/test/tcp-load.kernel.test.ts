import { tcpaccept, tcpconnect, tcptracer } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { record } from "../../../testing/recording.js";
import { actors } from "../../../testing/actor.js";
import { listen } from "./support/sessions.js";

const startActor = actors();
const CONNECTIONS = 10_000;

test("ten thousand short connections are all told once, with the right process, and none is lost", async () => {
  const [client, server] = [startActor(), startActor()];
  const { listener, port } = await listen(server, 4);
  const connects = await record(tcpconnect({ port: [port] }));
  const accepts = await record(tcpaccept({ port: [port] }));
  const sessions = await record(tcptracer({ ipv4: true }));

  const start = performance.now();
  const served = server.begin("serve", listener, CONNECTIONS);
  expect(await client.call("many", "127.0.0.1", port, CONNECTIONS)).toBe(CONNECTIONS);
  expect(await served()).toBe(CONNECTIONS);
  const took = performance.now() - start;

  const connected = await connects.finish();
  const accepted = await accepts.finish();
  const ours = (await sessions.finish()).filter(({ pid }) => pid === client.pid || pid === server.pid);
  const told = (type: string, pid: number) => ours.filter((event) => event.type === type && event.pid === pid);
  const counts = {
    connects: connected.filter(({ pid }) => pid === client.pid).length,
    accepts: accepted.filter(({ pid }) => pid === server.pid).length,
    C: told("connect", client.pid).length,
    A: told("accept", server.pid).length,
    "X of the client": told("close", client.pid).length,
    "X of the server": told("close", server.pid).length,
    lost: connects.lost() + accepts.lost() + sessions.lost(),
  };
  process.stdout.write(`${CONNECTIONS} connections in ${took.toFixed()} ms, three traces: ${JSON.stringify(counts)}\n`);
  expect(counts).toEqual({
    connects: CONNECTIONS,
    accepts: CONNECTIONS,
    C: CONNECTIONS,
    A: CONNECTIONS,
    "X of the client": CONNECTIONS,
    "X of the server": CONNECTIONS,
    lost: 0,
  });
  // Nobody else's, and each view names the same connections.
  expect([connected.length, accepted.length, ours.length]).toEqual([CONNECTIONS, CONNECTIONS, 4 * CONNECTIONS]);
  const ports = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
  const expected = ports(connected.map(({ localPort }) => localPort));
  expect(ports(accepted.map(({ remotePort }) => remotePort))).toEqual(expected);
  for (const type of ["connect", "close"])
    expect(ports(told(type, client.pid).map(({ localPort }) => localPort))).toEqual(expected);
  for (const type of ["accept", "close"])
    expect(ports(told(type, server.pid).map(({ remotePort }) => remotePort))).toEqual(expected);
});
