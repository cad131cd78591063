// A user without privileges has 200,000 waiting multishot accepts of io_uring. What others accept in this way is
// reported, and nothing is lost. Prints figures, and ends with 1 if they are wrong.
import { tcpaccept } from "@rxbpf/probes";

import { attack, compile, record, report, start } from "./support/attack.mjs";

const WAITING = 200_000;
const CONNECTIONS = 1_000;

const sockets = compile("testing/sockets.c");
const actor = () => {
  const child = start(sockets);
  const call = async (...command) => {
    child.write(command.join(" "));
    const result = Number(await child.line());
    if (result < 0) throw new Error(`${command.join(" ")} failed with error ${-result}`);
    return result;
  };
  return { ...child, call };
};

const [server, client] = [actor(), actor()];
const all = await record(tcpaccept(), ({ pid }) => pid === server.pid);
const idle = await record(tcpaccept({ pid: client.pid }), () => true);
const attacker = await attack("accepts", WAITING);
const listener = await server.call("socket", 4);
const port = await server.call("listen", listener);
await server.call("ring", 0);
await server.call("ring-multishot", listener);
const ports = [];
for (let i = 0; i < CONNECTIONS; i++) {
  const fd = await client.call("socket", 4);
  await client.call("connect", fd, "127.0.0.1", port);
  ports.push(await client.call("port", fd));
  await server.call("close", await server.call("ring-next"));
  await client.call("close", fd);
}
for (const one of [attacker, server, client]) await one.end();
const { events, lost } = await all.finish();
const { events: of, lost: lostOf } = await idle.finish();

report(
  "waiting-accepts",
  {
    "waiting requests of one user": WAITING,
    "connections accepted by others": CONNECTIONS,
    "of them seen": events.length,
    lost,
    "seen of an idle process": of.length,
    "lost there": lostOf,
  },
  events.map(({ remotePort }) => remotePort).join() === ports.join() && lost + of.length + lostOf === 0,
);
