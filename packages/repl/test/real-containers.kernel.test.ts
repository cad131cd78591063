import { once } from "node:events";
import { createServer } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, start } from "../../../testing/programs.js";
import { containerHost, crun, podman, runContainers, startContainer } from "../../../testing/runtimes.js";
import { commandLine } from "./cli.js";

const RUNS = 20;
const OTHERS = 4;

/** A port of this machine that takes connections until the test ends. */
async function listen(): Promise<number> {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

test.each([
  ["crun", crun],
  ["podman", podman],
])(
  "of containers that %s runs each is found by its name: its first exec, its files, its connections",
  async (_, runtime) => {
    const host = await containerHost();
    const [ours, others] = [uniqueName(), uniqueName()];
    const [port, othersPort] = [await listen(), await listen()];
    const [first, ...through] = host.through;
    /** Starts a probe where the containers are, and waits until it is attached. Collects what it shows. */
    const trace = async (probe: string) => {
      const lines: string[] = [];
      const child = start(first, [...through, ...commandLine(probe, "--container", `${ours}-*`)]);
      await child.line();
      void (async () => {
        for await (const line of child.lines()) lines.push(line);
      })();
      return (wanted: RegExp) => lines.flatMap((line) => wanted.exec(line)?.[1] ?? []);
    };
    const [execs, opens, connects] = await Promise.all(["execsnoop", "opensnoop", "tcpconnect"].map(trace));
    const containers = (name: string, count: number, to: number) =>
      Array.from({ length: count }, (_, i) => {
        const script = `cat /etc/${name}-${i}; nc 127.0.0.1 ${to} < /dev/null; true`;
        return runtime(host, `${name}-${i}`, script);
      });
    const commands = containers(ours, RUNS, port);
    commands.splice(RUNS / 2, 0, ...containers(others, OTHERS, othersPort));
    await runContainers(host, commands);

    const words = Array.from({ length: RUNS }, (_, i) => `${ours}-${i}`);
    const shown = () => ({
      execs: execs!(/ \/bin\/sh -c cat \/etc\/(\S+);/),
      opens: opens!(/ \/etc\/(\S+-\d+)$/),
      connects: connects!(/ (\d+) *$/),
    });
    const wanted = { execs: words, opens: words, connects: words.map(() => String(port)) };
    await expect.poll(shown).toEqual(wanted);

    await startContainer(host, runtime, `${ours}-waits`);
    const { stdout } = await run(first, [...through, ...commandLine("containers")]);
    expect(stdout).toMatch(new RegExp(`^container +${ours}-waits +[0-9a-f]{12} .* /sys/fs/cgroup${host.parent}/`, "m"));
  },
);
