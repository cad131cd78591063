import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { netns } from "@rxbpf/filters";
import { killsnoop, opensnoop, tcpconnect } from "@rxbpf/probes";
import { expect, onTestFinished, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { makeNetwork } from "../../../testing/network.js";
import { run } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";

const network = makeNetwork();

interface Made {
  readonly name: string;
  readonly path: string;
  readonly inode: number;
}

/** Makes a network namespace that no process is in, until the test ends. */
function makeNamespace(): Made {
  const name = uniqueName();
  const path = `/run/netns/${name}`;
  execFileSync("ip", ["netns", "add", name]);
  onTestFinished(() => void execFileSync("sh", ["-c", `ip netns delete ${name} 2>/dev/null || true`]));
  return { name, path, inode: statSync(path).ino };
}

test("one that no process is in is found by its path, and by its inode, for those that enter it later", async () => {
  const { name, path, inode } = makeNamespace();
  const traces = [];
  for (const options of [{ netns: path }, { netns: inode }, { within: netns(path) }, { netns: process.pid }])
    traces.push(await record(opensnoop({ ...options, ringBytes: 2 ** 20 })));
  const [inside, outside] = [`/tmp/${uniqueName()}`, `/tmp/${uniqueName()}`];
  await run("ip", ["netns", "exec", name, "cat", inside]);
  await run("cat", [outside]);
  const shown = [];
  for (const trace of traces)
    shown.push((await trace.finish()).map((open) => open.path).filter((one) => one === inside || one === outside));
  expect(shown).toEqual([[inside], [inside], [inside], [outside]]);
});

test("one that is removed while it is traced is held: another one's inode is used again, its is not", async () => {
  // The kernel gives the lowest that is free.
  const [held, other] = [makeNamespace(), makeNamespace()].sort((a, b) => a.inode - b.inode) as [Made, Made];
  await record(killsnoop({ netns: held.path }));
  for (const { name } of [held, other]) execFileSync("ip", ["netns", "delete", name]);
  // Until the other's is used again, unless somebody else has got it.
  const inodes: number[] = [];
  for (let i = 0; i < 40 && !inodes.includes(other.inode); i++) {
    await sleep(20);
    inodes.push(makeNamespace().inode);
  }
  expect(inodes).not.toContain(held.inode);
});

test("a connection is of the namespace of its socket, whichever its process is in", async () => {
  const inside = `/run/netns/${network.left.at(-1)}`;
  const traces = [];
  for (const options of [{ netns: inside }, { netns: process.pid }]) traces.push(await record(tcpconnect(options)));
  // SYS_setns; then it goes back, and connects from there.
  const script = `use Socket;
    open(my $in, "<", "${inside}") or die; open(my $out, "<", "/proc/self/ns/net") or die;
    syscall(308, fileno($in), 0) == 0 or die;
    socket(my $server, PF_INET, SOCK_STREAM, 0); bind($server, sockaddr_in(0, INADDR_LOOPBACK)); listen($server, 1);
    socket(my $client, PF_INET, SOCK_STREAM, 0);
    syscall(308, fileno($out), 0) == 0 or die;
    connect($client, getsockname($server)) or die "connect: $!"; print "$$\\n";`;
  const { stdout, stderr } = await run("perl", ["-e", script]);
  expect(stderr).toBe("");
  const pid = Number(stdout);
  const [ofSocket, ofProcess] = await Promise.all(
    traces.map(async (trace) => (await trace.finish()).filter((event) => event.pid === pid)),
  );
  expect(ofSocket).toMatchObject([{ netnsId: statSync(inside).ino, comm: "perl" }]);
  expect(ofProcess).toEqual([]);
});
