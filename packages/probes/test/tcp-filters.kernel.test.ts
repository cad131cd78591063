import { writeFileSync } from "node:fs";

import type { EventStream } from "@rxbpf/core";
import { cgroupIdOfProcess, mountNamespaceOfProcess, PinnedSet, type SetKind } from "@rxbpf/filters";
import { tcpaccept, tcpconnect, tcptracer } from "@rxbpf/probes";
import { describe, expect, onTestFinished, test } from "vitest";

import { makeCgroup, pinPath } from "../../../testing/kernel-objects.js";
import { record } from "../../../testing/recording.js";
import { type Actor, actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { join } from "./support/sessions.js";

const startActor = actors();
const network = makeNetwork();

/** A process that is in the set, and one that is not, on one machine: packets of one are often handled as the other. */
interface Both {
  readonly inside: Actor;
  readonly outside: Actor;
  /** Takes another process in. */
  readonly admit: (actor: Actor) => void;
  readonly option: { readonly cgroupmap: string } | { readonly mntnsmap: string };
}

async function makeBoth(kind: SetKind, side: readonly string[] = []): Promise<Both> {
  const set = PinnedSet.create(pinPath(), kind);
  onTestFinished(() => set.close());
  if (kind === "mntns") {
    const [inside, outside] = [startActor(...side, "unshare", "-m"), startActor(...side, "unshare", "-m")];
    await Promise.all([inside.call("socket", 4), outside.call("socket", 4)]); // they are in their namespaces now
    const admit = ({ pid }: Actor): void => set.add(mountNamespaceOfProcess(pid));
    admit(inside);
    return { inside, outside, admit, option: { mntnsmap: set.path } };
  }
  const cgroup = makeCgroup();
  const [inside, outside] = [startActor(...side), startActor(...side)];
  const admit = ({ pid }: Actor): void => writeFileSync(`${cgroup}/cgroup.procs`, String(pid));
  admit(inside);
  set.add(cgroupIdOfProcess(inside.pid));
  return { inside, outside, admit, option: { cgroupmap: set.path } };
}

interface Seen {
  readonly pid: number;
  readonly cgroupId: number;
  readonly mntnsId: number;
  readonly type?: string;
}

/** What a trace shows of the two, while the one connects to the other, and both close, in both orders. */
async function shown(probe: (options: Both["option"]) => EventStream<Seen>, both: Both, client: Actor, server: Actor) {
  const recording = await record(probe(both.option));
  for (const first of ["client", "server"] as const) {
    const ends = await join(client, server, "127.0.0.1");
    const closings = [
      ["client", () => client.call("close", ends.clientFd)],
      ["server", () => server.call("close", ends.serverFd)],
    ] as const;
    for (const [, close] of first === "client" ? closings : [...closings].reverse()) await close();
  }
  const events = (await recording.finish()).filter(({ pid }) => pid === client.pid || pid === server.pid);
  expect(events.every(({ pid }) => pid === both.inside.pid)).toBe(true);
  for (const event of events) {
    expect(event.cgroupId).toBe(cgroupIdOfProcess(both.inside.pid));
    expect(event.mntnsId).toBe(mountNamespaceOfProcess(both.inside.pid));
  }
  return events.map(({ type = "" }) => type);
}

describe.each(["cgroup", "mntns"] as const)("narrowed to a set of the kind %s", (kind) => {
  test("tcpconnect shows what a process inside connects to one outside, not the reverse", async () => {
    const both = await makeBoth(kind);
    expect(await shown(tcpconnect, both, both.inside, both.outside)).toHaveLength(2);
    expect(await shown(tcpconnect, both, both.outside, both.inside)).toHaveLength(0);
  });

  test("tcpconnect shows what a process inside connects to where a timer alone goes on", async () => {
    const { inside, outside, option } = await makeBoth(kind, network.left);
    const recording = await record(tcpconnect(option));
    for (const client of [outside, inside])
      await client.attempt("connect", await client.call("socket", 4, 1), network.silent[4], 80);
    await recording.find(({ pid }) => pid === inside.pid);
    const events = (await recording.finish()).map(({ pid, cgroupId, mntnsId }) => ({ pid, cgroupId, mntnsId }));
    const { pid } = inside;
    expect(events).toEqual([{ pid, cgroupId: cgroupIdOfProcess(pid), mntnsId: mountNamespaceOfProcess(pid) }]);
  });

  test("tcpaccept shows what a process inside accepts from one outside, not the reverse", async () => {
    const both = await makeBoth(kind);
    expect(await shown(tcpaccept, both, both.inside, both.outside)).toHaveLength(0);
    expect(await shown(tcpaccept, both, both.outside, both.inside)).toHaveLength(2);
  });

  test("tcptracer shows what a process inside does, whichever end it has", async () => {
    const both = await makeBoth(kind);
    expect(await shown(tcptracer, both, both.inside, both.outside)).toEqual(["connect", "close", "connect", "close"]);
    expect(await shown(tcptracer, both, both.outside, both.inside)).toEqual(["accept", "close", "accept", "close"]);
  });

  test.each([
    ["ends", (actor: Actor) => actor.exit()],
    ["is killed", async (actor: Actor) => actor.kill("SIGKILL")],
  ] as const)("tcptracer shows the close of a process inside that %s, not of one outside", async (_, end) => {
    for (const [victim, expected] of [
      ["inside", ["connect", "close"]],
      ["outside", ["accept"]],
    ] as const) {
      const both = await makeBoth(kind);
      const server = victim === "inside" ? both.outside : both.inside;
      const recording = await record(tcptracer(both.option));
      const ends = await join(both[victim], server, "127.0.0.1");
      await end(both[victim]);
      await server.call("hung-up", ends.serverFd);
      const types = (await recording.finish()).map(({ type }) => type);
      expect(types).toEqual(expected);
    }
  });
});

test("with both sets an event must satisfy both", async () => {
  const [byCgroup, byNamespace] = [await makeBoth("cgroup"), await makeBoth("mntns")];
  const recording = await record(tcptracer({ ...byCgroup.option, ...byNamespace.option }));
  const [first, second] = [byCgroup.inside, byNamespace.inside];
  await join(first, second, "127.0.0.1");
  byCgroup.admit(second);
  await join(first, second, "127.0.0.1");
  const events = await recording.finish();
  expect(events.map(({ type, pid }) => [type, pid])).toEqual([["accept", second.pid]]);
});
