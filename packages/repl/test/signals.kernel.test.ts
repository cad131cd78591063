import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, onTestFinished, test } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, start } from "../../../testing/programs.js";
import { type Shell, startShell } from "../../../testing/shell.js";
import { commandLine, rxbpf, startProbe } from "./cli.js";

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

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)(
  "%s cuts short what would have ended by itself: all is written, and the status is %d",
  async (signal, status) => {
    const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-cut-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const recording = path.join(folder, "opens.arrow");
    const lines = [
      ["opensnoop", "--duration", "1h"],
      ["runqlat", "1h", "3"],
      ["record", "opensnoop", "--duration", "1h", "-o", recording],
    ];
    for (const line of lines) {
      const [command, ...args] = commandLine(...line);
      const child = spawn(command, args, { stdio: "ignore" });
      onTestFinished(() => void child.kill("SIGKILL"));
      await expect.poll(() => links(child.pid!), { timeout: 10_000 }).not.toEqual([]);
      if (line[0] === "record") await expect.poll(() => existsSync(recording), { timeout: 10_000 }).toBe(true);
      const exited = once(child, "exit");
      child.kill(signal);
      expect(await exited).toEqual([status, null]);
    }
    expect((await rxbpf("info", recording)).stdout).toMatch(/^state +whole$/m);
  },
);

test("a replay that a signal cuts short has its status", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-cut-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const recording = path.join(folder, "opens.arrow");
  const made = await rxbpf(
    "record",
    "opensnoop",
    "-o",
    recording,
    "--",
    "sh",
    "-c",
    ": < /dev/null; sleep 5; : < /dev/null",
  );
  expect(made.status).toBe(0);
  const child = await startProbe("replay", recording, "--speed", "0.1");
  child.kill("SIGINT");
  await expect(child.ended()).rejects.toThrow("ended with 130");
});

test("signals that come while a program is verified, such as a profiler's, do not keep it from loading", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-profile-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [node, ...args] = commandLine("opensnoop", "--duration", "1");
  const profiled = await run(node, ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${folder}`, ...args]);
  expect(profiled).toMatchObject({ status: 0, stderr: "" });
  expect(readdirSync(folder)).toHaveLength(1);
});

const OPENS = 30_000;
/** More than a sink lets wait: then it holds its stream. */
const MANY_OPENS = 150_000;

/** A run whose output nobody reads, and which has more of it than a pipe takes. */
async function startStalled(opens: number, ...options: readonly string[]) {
  const shell: Shell = await startShell();
  const [command, ...args] = commandLine("opensnoop", "-p", String(shell.pid), ...options);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  // One is the iterator that finds the shell.
  await expect.poll(() => links(child.pid!).length).toBeGreaterThan(1);
  await shell.run(`for ((i = 0; i < ${opens}; i++)); do : < /dev/null; done`);
  return child;
}

/** As `startStalled`, and it has been asked to end. */
async function endStalled() {
  const child = await startStalled(OPENS);
  child.kill("SIGINT");
  await expect.poll(() => links(child.pid!), { timeout: 5_000 }).toEqual([]);
  expect(child.exitCode).toBeNull();
  return child;
}

const opensIn = (output: string): number => output.split("\n").filter((line) => line.endsWith(" /dev/null")).length;

test("a run that is ended while its output is stalled writes everything as soon as that is read", async () => {
  const child = await endStalled();
  const closed = once(child, "close");
  const output = await text(child.stdout);
  expect(await closed).toEqual([0, null]);
  expect(opensIn(output)).toBe(OPENS);
});

test("a reader that takes its time gets everything, as long as it takes something", async () => {
  const child = await endStalled();
  const closed = once(child, "close");
  const chunks: Buffer[] = [];
  const begun = performance.now();
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    // Longer in all than a reader may do nothing.
    if (performance.now() - begun < 8_000) await sleep(1_000);
  }
  expect(await closed).toEqual([0, null]);
  expect(opensIn(Buffer.concat(chunks).toString())).toBe(OPENS);
});

test.each([
  ["SIGINT", OPENS],
  ["SIGTERM", MANY_OPENS],
  ["--duration", OPENS],
] as const)(
  "a run whose output nobody reads ends some seconds after %s, and says how much was not written of %d opens",
  { timeout: 60_000 },
  async (why, opens) => {
    const child = await (why === "--duration" ? startStalled(opens, why, "10") : startStalled(opens));
    expect(child.exitCode).toBeNull();
    const complaint = text(child.stderr);
    const { objects } = holdings(child.pid!);
    // Node throws away what nobody has begun to read by then.
    const left = new Promise<string>((resolve) => child.once("exit", () => resolve(text(child.stdout))));
    if (why !== "--duration") child.kill(why);
    const written = opensIn(await left);
    expect(child.exitCode).toBe(1);
    const [, unwritten] = UNREAD.exec(await complaint)!;
    await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
    expect(written).toBeLessThan(opens);
    if (opens === OPENS) expect(written + Number(unwritten)).toBeGreaterThanOrEqual(opens);
  },
);

const UNREAD =
  /^rxbpf: Cannot write to stdout: nobody read it for \d s, and up to (\d+) (?:lines|bytes) .*not written.*\n$/;

/** Waits until a process that has run uses its processor no more. */
async function stalled(pid: number): Promise<void> {
  const used = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return Number(fields[11]) + Number(fields[12]);
  };
  for (let before = -1, same = 0; same < 3; await sleep(500)) {
    const now = used();
    same = now === before && now > 10 ? same + 1 : 0;
    before = now;
  }
}

test.each(["--json", "--parquet"])(
  "an export %s that nobody reads ends some seconds after a signal",
  { timeout: 60_000 },
  async (format) => {
    const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-export-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const recording = path.join(folder, "opens.arrow");
    const many = `for ((i = 0; i < ${MANY_OPENS}; i++)); do : < /none-such-$i; done 2> /dev/null; true`;
    const made = await rxbpf("record", "opensnoop", "-n", "bash", "-o", recording, "--", "bash", "-c", many);
    expect(made.status).toBe(0);
    const [command, ...args] = commandLine("export", format, recording);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await stalled(child.pid!);
    const complaint = text(child.stderr);
    const exited = once(child, "exit");
    child.kill("SIGINT");
    expect(await exited).toEqual([1, null]);
    expect(await complaint).toMatch(UNREAD);
  },
);

test("what a script printed and nobody reads does not keep it", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-print-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const script = path.join(folder, "print.ts");
  writeFileSync(script, `console.log("x".repeat(1 << 20)); console.error("printed"); setInterval(() => {}, 1000);`);
  const [command, ...args] = commandLine("run", script);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(String(await once(child.stderr, "data"))).toBe("printed\n");
  const exited = once(child, "exit");
  const complaint = text(child.stderr);
  child.kill("SIGTERM");
  expect(await exited).toEqual([1, null]);
  expect(await complaint).toMatch(UNREAD);
});

test("a second signal does not wait for that", async () => {
  const child = await endStalled();
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
