import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";

import { expect, onTestFinished, test } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, start } from "../../../testing/programs.js";
import { type Shell, startShell } from "../../../testing/shell.js";
import { commandLine, startProbe } from "./cli.js";

/** What a process holds attached. */
const links = (pid: number): string[] => holdings(pid).objects.filter((object) => object.startsWith("link"));

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s ends a run with status 0 when all that happened before is written, and leaves nothing in the kernel",
  async (signal) => {
    const child = await startProbe("opensnoop", "--name", "cat");
    const paths = Array.from({ length: 500 }, (_, i) => `/tmp/${uniqueName()}-${i}`);
    const { objects } = holdings(child.pid);
    expect(links(child.pid)).not.toEqual([]);
    await run("cat", paths);
    child.kill(signal);

    const shown = new Set<string>();
    for await (const line of child.lines()) shown.add(line.split(" ").at(-1)!);
    await child.ended();
    expect(paths.filter((path) => !shown.has(path))).toEqual([]);
    await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
  },
);

test("signals that come while a program is verified, such as a profiler's, do not keep it from loading", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-profile-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [node, ...args] = commandLine("opensnoop", "--duration", "1");
  const profiled = await run(node, ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${folder}`, ...args]);
  expect(profiled).toMatchObject({ status: 0, stderr: "" });
  expect(readdirSync(folder)).toHaveLength(1);
});

const OPENS = 30_000;

/** A run whose output nobody reads, and which has been asked to end. */
async function stalled() {
  const shell: Shell = await startShell();
  const [command, ...args] = commandLine("opensnoop", "-p", String(shell.pid));
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await expect.poll(() => links(child.pid!)).not.toEqual([]);
  await shell.run(`for ((i = 0; i < ${OPENS}; i++)); do : < /dev/null; done`);

  child.kill("SIGINT");
  await expect.poll(() => links(child.pid!), { timeout: 5_000 }).toEqual([]);
  expect(child.exitCode).toBeNull();
  return child;
}

test("a run that is ended while its output is stalled writes everything as soon as that is read", async () => {
  const child = await stalled();
  const closed = once(child, "close");
  const output = await text(child.stdout);
  expect(await closed).toEqual([0, null]);
  expect(output.split("\n").filter((line) => line.endsWith(" /dev/null"))).toHaveLength(OPENS);
});

test("a second signal does not wait for that", async () => {
  const child = await stalled();
  const exited = once(child, "exit");
  child.kill("SIGINT");
  expect(await exited).toEqual([null, "SIGINT"]);
});

test("a signal ends a run also while its command goes on", async () => {
  const [program, ...args] = commandLine("opensnoop", "--exec", "sh", "-c", "echo $$; exec sleep 60 > /dev/null 2>&1");
  const child = start(program, args);
  let line = await child.line();
  while (!/^\d+$/.test(line)) line = await child.line();
  const command = Number(line);
  onTestFinished(() => void process.kill(command, "SIGKILL"));
  child.kill("SIGTERM");
  await child.ended();
  // It goes on, and nothing traces it.
  expect(holdings(command).objects).toEqual([]);
});
