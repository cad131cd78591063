// A user without privileges holds 100,000 connections. The sessions of others are reported, and nothing is lost. Prints
// figures, and ends with 1 if they are wrong.
import { tcptracer } from "@rxbpf/probes";

import { attack, compile, isOfNobody, record, report, start } from "./support/attack.mjs";

const HELD = 100_000;
const SESSIONS = 1_000;

const sockets = compile("testing/sockets.c");
const [server, client] = [start(sockets), start(sockets)];
const ask = async (actor, command) => {
  actor.write(command);
  return Number(await actor.line());
};
const all = await record(tcptracer({ ringBytes: 2 ** 28 }), () => true);
const idle = await record(tcptracer({ pid: process.ppid }), () => true);
const attacker = await attack("sessions", HELD);
const listener = await ask(server, "socket 4");
const port = await ask(server, `listen ${listener}`);
const served = ask(server, `serve ${listener} ${SESSIONS}`);
const made = await ask(client, `many 127.0.0.1 ${port} ${SESSIONS}`);
await served;
for (const one of [attacker, server, client]) await one.end();
const { events, lost } = await all.finish();
const { lost: lostOf } = await idle.finish();

const count = (type, of) => events.filter((event) => event.type === type && of(event)).length;
const types = ["connect", "accept", "close"];
const others = types.map((type) => count(type, ({ pid }) => pid === server.pid || pid === client.pid));
const theirs = types.map((type) => count(type, isOfNobody));
report(
  "held-sessions",
  {
    "connections held by one user": HELD,
    "of their connects, accepts and closes seen": theirs.join(" "),
    "sessions of others": made,
    "of their connects, accepts and closes seen too": others.join(" "),
    lost: lost + lostOf,
  },
  others.join() === [made, made, 2 * made].join() &&
    theirs.join() === [HELD, HELD, 2 * HELD].join() &&
    lost + lostOf === 0,
);
