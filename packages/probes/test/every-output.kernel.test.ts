import { writeFileSync } from "node:fs";

import { Table } from "@rxbpf/core";
import { cgroupTree, mntns, netns, type Selector, tree } from "@rxbpf/filters";
import * as probes from "@rxbpf/probes";
import { isProbe, outputOf } from "@rxbpf/probes/define";
import { expect, onTestFinished, test } from "vitest";

import { type Actor, actors } from "../../../testing/actor.js";
import { makeDisk } from "../../../testing/disks.js";
import { makeCgroup } from "../../../testing/kernel-objects.js";
import { makeNetwork } from "../../../testing/network.js";
import { start, temporaryFolder } from "../../../testing/programs.js";
import { record, type Recording } from "../../../testing/recording.js";
import { type Shell, startShell } from "../../../testing/shell.js";
import { join } from "./support/sessions.js";

const folder = temporaryFolder();
const startActor = actors();
const network = makeNetwork();

/** Who acts, all in a cgroup, a tree and namespaces that others are not in. */
interface Inside {
  readonly shell: Shell;
  readonly client: Actor;
  readonly server: Actor;
  readonly disk: string;
}

type Act = (inside: Inside) => Promise<unknown>;

const shell =
  (line: string): Act =>
  ({ shell }) =>
    shell.run(line);

async function connect({ client, server }: Inside): Promise<void> {
  const { clientFd, serverFd } = await join(client, server, "127.0.0.1");
  await client.call("write", clientFd, "bytes");
  await client.call("close", clientFd);
  await server.call("close", serverFd);
}

const readDisk: Act = ({ shell, disk }) => shell.run(`dd if=${disk} of=/dev/null bs=4k count=1 iflag=direct`);
const compute = shell("for ((i = 0; i < 200000; i++)); do :; done");

/** What each output of each probe shows. */
const ACTS: Readonly<Record<string, Act>> = {
  "bashreadline.events": shell("echo exit | script -qec 'bash --norc -i' /dev/null"),
  "biolatency.latencies": readDisk,
  "biosnoop.events": readDisk,
  "cpudist.stretches": compute,
  "execsnoop.events": shell("/bin/true"),
  "exitsnoop.events": shell("/bin/true"),
  "filetop.files": shell("cat /etc/passwd"),
  "gethostlatency.events": shell("getent ahosts localhost"),
  "killsnoop.events": shell("kill -0 $$"),
  "offcputime.blocked": shell("sleep 0.01"),
  "opensnoop.events": shell("cat /etc/passwd"),
  "profile.samples": compute,
  "runqlat.waits": shell("/bin/true"),
  "syscount.calls": shell("/bin/true"),
  "tcpaccept.events": connect,
  "tcpconnect.count": connect,
  "tcpconnect.events": connect,
  "tcplife.events": connect,
  "tcptop.traffic": connect,
  "tcptracer.events": connect,
};

const outputs = Object.values<unknown>(probes)
  .filter(isProbe)
  .flatMap((probe) =>
    Object.keys(probe.outputs).map((name) => [`${probe.definition.name}.${name}`, probe, name] as const),
  );

test("there is a case for every output of every probe", () => {
  expect(outputs.map(([name]) => name).sort()).toEqual(Object.keys(ACTS).sort());
});

test("every output shows what is done inside, and nothing of it where another is asked for", async () => {
  const [cgroup, otherCgroup] = [makeCgroup(), makeCgroup()];
  const shell = await startShell([...network.left, "bash"]);
  const [client, server] = [startActor(...network.left), startActor(...network.left)];
  await Promise.all([client.call("socket", 4), server.call("socket", 4)]); // they are in their namespaces now
  const inside = { shell, client, server, disk: makeDisk(folder, 2 ** 20).path };
  const pids = [shell.pid, client.pid, server.pid];
  for (const pid of pids) writeFileSync(`${cgroup}/cgroup.procs`, String(pid));
  const other = start(network.right[0], [...network.right.slice(1), "sh", "-c", "echo started; sleep 1000"]);
  onTestFinished(() => other.kill("SIGKILL"));
  await other.line();

  const chosen = [cgroupTree(cgroup), netns(shell.pid), ...pids.map(tree), ...pids.map(mntns)];
  const others = { cgroup: cgroupTree(otherCgroup), netns: netns(other.pid), tree: tree(other.pid) };
  for (const [name, probe, output] of outputs) {
    const begin = (within: Selector | readonly Selector[]) => record(outputOf(probe, output)({ within }));
    const streams: Record<string, Recording<unknown>> = { inside: await begin(chosen) };
    for (const [kind, selector] of Object.entries(others)) streams[`not ${kind}`] = await begin(selector);
    await ACTS[name]!(inside);
    for (const [which, stream] of Object.entries(streams)) {
      const events = await stream.finish();
      const rows = events.flatMap((one) => (one instanceof Table ? one.rows : [one]));
      expect({ name, which, lost: stream.lost(), some: rows.length > 0 }).toEqual({
        name,
        which,
        lost: 0,
        some: which === "inside",
      });
    }
  }
});
