import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { cgroupMounts } from "@rxbpf/filters";
import { afterEach, beforeEach, expect, test } from "vitest";

// Every example of the README is run here, as it stands there.
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const blocks = [...readFileSync(path.join(repository, "README.md"), "utf8").matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(
  ([, language, text]) => ({ language, text: text ?? "" }),
);
const [
  start = "",
  look = "",
  alone = "",
  narrow = "",
  unpin = "",
  script = "",
  compile = "",
  record = "",
  tests,
  ...others
] = blocks.map(({ text }) => text);

// Names of the README's that are this run's own here.
const unique = `rxbpf-readme-${process.pid}`;
const pin = `/sys/fs/bpf/${unique}`;
let folder: string; // one in which the packages are installed
const running: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "rxbpf-readme-"));
  symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
});
afterEach(async () => {
  for (const child of running.splice(0)) if (child.exitCode === null && child.signalCode === null) await stop(child);
  rmSync(folder, { recursive: true });
  rmSync(pin, { force: true });
});

/** Runs a block in a process group of its own, as a terminal does. What it prints is collected. */
function follow(block: string, cwd: string, env: Readonly<Record<string, string>> = {}) {
  let output = "";
  const child = spawn("bash", ["-ec", block.replaceAll("/sys/fs/bpf/web", pin)], {
    cwd,
    detached: true,
    env: { ...process.env, FORCE_COLOR: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  running.push(child);
  return { child, output: () => output };
}

/** Ctrl-C. */
async function stop(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  process.kill(-(child.pid as number), "SIGINT");
  await closed;
}

/** Does something again and again, as tracing starts some time after its command, until what is asked for is there. */
async function until(there: () => boolean, act: () => void): Promise<void> {
  const again = (): boolean => {
    act();
    return there();
  };
  await expect.poll(again, { timeout: 20_000, interval: 100 }).toBe(true);
}

/** Fails to open a file, in a process of its own. */
function open(file: string): void {
  spawnSync("cat", [file], { stdio: "ignore" });
}

test("every block of the README is known here; that of the tests is what runs this", () => {
  expect(blocks.map(({ language }) => language)).toEqual(["sh", "sh", "sh", "sh", "sh", "ts", "sh", "sh", "sh"]);
  expect(tests).toBe("npm test\n");
  expect(others).toEqual([]);
});

test("the first command shows failed opens until Ctrl-C", async () => {
  const file = `/${unique}/first`;
  const { child, output } = follow(start, repository);
  await until(
    () => output().includes(file),
    () => open(file),
  );
  expect(output()).toMatch(new RegExp(`^\\d+ +cat +-1 +2 +${file}$`, "m"));
  await stop(child);
});

test("the command lists its probes and tells their options", async () => {
  const { child, output } = follow(look, repository);
  expect(await once(child, "close")).toEqual([0, null]);
  expect(output()).toMatch(/^opensnoop +files that processes open$/m);
  expect(output()).toContain("--cgroupmap <PATH>");
});

test("a command is traced alone, from its own exec on", async () => {
  const { child, output } = follow(alone, repository);
  expect(await once(child, "close")).toEqual([0, null]);
  const programs = output().match(/^\S+(?= +\d+ +\d+ +0 \/)/gm);
  expect(programs?.[0]).toBe("sh");
  expect([...programs!].sort()).toEqual(["ls", "sh", "wc"]);
});

test("a set narrows the trace to one cgroup", async () => {
  const cgroup = path.join(cgroupMounts()[0]?.path ?? "", unique);
  mkdirSync(cgroup);
  const inside = spawn("bash", ["-c", 'while read -r file; do cat "$file"; done'], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  try {
    writeFileSync(path.join(cgroup, "cgroup.procs"), String(inside.pid));
    const { child, output } = follow(narrow, repository, { PID: String(inside.pid) });
    await until(
      () => output().includes(`/${unique}/inside`),
      () => {
        open(`/${unique}/outside`);
        inside.stdin.write(`/${unique}/inside\n`);
      },
    );
    expect(output()).not.toContain("outside");
    await stop(child);

    expect(readdirSync("/sys/fs/bpf")).toContain(unique);
    expect(await once(follow(unpin, repository).child, "close")).toEqual([0, null]);
    expect(readdirSync("/sys/fs/bpf")).not.toContain(unique);
  } finally {
    inside.stdin.end();
    await once(inside, "exit");
    rmdirSync(cgroup);
  }
});

test("the program runs, and prints the events that it takes", async () => {
  const file = `/${unique}/trace.conf`;
  writeFileSync(path.join(folder, "trace.ts"), script);
  const { child, output } = follow(compile, folder);
  await until(
    () => child.exitCode !== null,
    () => open(file),
  );
  expect(child.exitCode).toBe(0);
  expect(output().match(/path: '.*\.conf'/g)).toHaveLength(3);
  expect(output()).toContain(file);
});

test("the recording holds an event, as JSON", async () => {
  const file = `/${unique}/recorded`;
  const { child } = follow(record, folder);
  await until(
    () => child.exitCode !== null,
    () => open(file),
  );
  expect(child.exitCode).toBe(0);
  const lines = readFileSync(path.join(folder, "opens.ndjson"), "utf8").trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as { path?: string });
  expect(events.find((event) => event.path === file)).toMatchObject({ comm: "cat", ret: -2, time: expect.any(Number) });
});
