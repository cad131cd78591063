import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine } from "./cli.js";
import { enter, startPrompt } from "./prompt.js";

const folder = temporaryFolder();

/** Opens files, so that a stream has events. */
function busy(): void {
  start("sh", ["-c", "while sleep 0.1; do cat /etc/hostname; done > /dev/null"]);
}

const LOOP = 'opensnoop({ comm: "cat" }).pipe(map(() => { for (;;) {} }))';

/** The processor time that a process has used in user space, in hundredths of a second. */
function cpuOf(pid: number): number {
  const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(/\) (?=[A-Z] )/);
  return Number(rest.split(" ")[11]);
}

/** Waits until a process has run for so long that it is in an endless loop. */
async function untilStuck(pid: number): Promise<void> {
  const before = cpuOf(pid);
  await expect.poll(() => cpuOf(pid) - before, { timeout: 25_000 }).toBeGreaterThan(200);
}

test("Ctrl-C in an endless loop leaves types checked", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "1");
  prompt.type("while (true) {}\r");
  await untilStuck(prompt.pid);
  prompt.key("Ctrl-C");
  await prompt.waitFor(/Interrupted\nrxbpf>$/);
  expect(await enter(prompt, '"a".nothing')).toContain("Property 'nothing' does not exist");
});

test("Ctrl-C ends a stream of which an operator never returns, and the prompt goes on", async () => {
  busy();
  const prompt = await startPrompt();
  await enter(prompt, "const kept = 6 * 7");
  prompt.type(`${LOOP}\r`);
  await untilStuck(prompt.pid);
  const { objects } = holdings(prompt.pid);
  expect(objects).not.toEqual([]);
  prompt.key("Ctrl-C");
  await prompt.waitFor(/Interrupted\nrxbpf>$/);
  expect(await enter(prompt, "kept")).toContain("42");
  await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
});

test("Ctrl-C twice ends a prompt where nothing else can, and detaches its programs", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "opensnoop().subscribe()");
  const { objects } = holdings(prompt.pid);
  expect(objects).not.toEqual([]);
  prompt.type("timer(1).pipe(map(() => { for (;;) {} }))\r");
  await untilStuck(prompt.pid);
  prompt.key("Ctrl-C");
  await prompt.waitFor("Ctrl-C again ends rxbpf");
  prompt.key("Ctrl-C");
  expect(await prompt.ended()).toBe(130);
  await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("a second %s ends what never returns", async (signal) => {
  busy();
  const script = join(folder, "loop.ts");
  writeFileSync(
    script,
    `import { opensnoop } from "@rxbpf/probes"; import { map } from "rxjs"; console.log("begun"); ${LOOP}.subscribe();`,
  );
  const [command, ...args] = commandLine("run", script);
  const child = start(command, args);
  await child.line();
  await untilStuck(child.pid);
  const { objects } = holdings(child.pid);
  expect(objects).not.toEqual([]);
  child.kill(signal);
  await sleep(500);
  child.kill(signal);
  await expect(child.ended()).rejects.toThrow(`ended with ${signal}`);
  await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
});

test("what takes its time ends in good order at the first signal", async () => {
  const script = join(folder, "slow.ts");
  writeFileSync(
    script,
    `console.log("begun"); const end = Date.now() + 4000; while (Date.now() < end);
     setInterval(() => {}, 1000); process.on("exit", () => console.log("ended"));`,
  );
  const [command, ...args] = commandLine("run", script);
  const child = start(command, args);
  expect(await child.line()).toBe("begun");
  await sleep(2500);
  child.kill("SIGTERM");
  expect(await child.line()).toBe("ended");
  await child.ended();
});
