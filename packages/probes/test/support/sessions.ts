import { type SessionEvent, tcptracer } from "@rxbpf/probes";

import { record } from "../../../../testing/recording.js";
import type { Actor } from "../../../../testing/actor.js";

/** The two ends of a connection, each with its process and its descriptor. */
export interface Ends {
  readonly client: Actor;
  readonly server: Actor;
  readonly clientFd: number;
  readonly serverFd: number;
  readonly clientPort: number;
  readonly serverPort: number;
}

/** Lets a process listen at an address, or at all; gives the descriptor and the port. */
export async function listen(
  server: Actor,
  version: 4 | 6,
  address?: string,
): Promise<{ listener: number; port: number }> {
  const listener = await server.call("socket", version);
  if (address !== undefined) await server.call("bind", listener, address, 0);
  return { listener, port: await server.call("listen", listener) };
}

/** Connects two processes. */
export async function join(client: Actor, server: Actor, address: string, family: 4 | 6 = 4): Promise<Ends> {
  const { listener, port: serverPort } = await listen(server, family);
  const clientFd = await client.call("socket", family);
  await client.call("connect", clientFd, address, serverPort);
  const serverFd = await server.call("accept", listener);
  return { client, server, clientFd, serverFd, clientPort: await client.call("port", clientFd), serverPort };
}

/** Traces sessions while `action` runs, which may add to the processes. Gives the events of the named processes, and them in short: `connect client`. */
export async function traceSessions(
  actors: Readonly<Record<string, Actor | number>>,
  action: () => Promise<unknown>,
  options: NonNullable<Parameters<typeof tcptracer>[0]> = {},
): Promise<{ events: SessionEvent[]; short: string[]; lost: number }> {
  const recording = await record(tcptracer(options));
  await action();
  const names = new Map<number, string>();
  for (const [name, actor] of Object.entries(actors)) names.set(typeof actor === "number" ? actor : actor.pid, name);
  const events = (await recording.finish()).filter(({ pid }) => names.has(pid));
  return { events, short: events.map(({ type, pid }) => `${type} ${names.get(pid)}`), lost: recording.lost() };
}

/** How each session begins in short. */
export const OPENED = ["connect client", "accept server"] as const;

/** Traces a session of two processes from before its connect until `end` is done with it. */
export function traceSession(client: Actor, server: Actor, address: string, end: (ends: Ends) => Promise<unknown>) {
  return traceSessions({ client, server }, async () => end(await join(client, server, address)));
}
