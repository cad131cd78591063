import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf, runThrough } from "./cli.js";

const folder = temporaryFolder();
const inputs = join(folder, "inputs");
const script = join(folder, "script.ts");
const empty = join(folder, "empty.cjs");
let least = 0;

beforeAll(async () => {
  writeFileSync(inputs, "const n: number = 40\nn + 2\n");
  writeFileSync(
    script,
    `import { opensnoop } from "@rxbpf/probes";
    import { firstValueFrom } from "rxjs";
    await firstValueFrom(opensnoop({ includeSelf: true }));
    console.log(42);`,
  );
  writeFileSync(empty, "");
  // With less Node cannot read any program.
  for (least = 12; (await run("prlimit", [`--nofile=${least}`, process.execPath, empty])).status !== 0; least++);
}, 60_000);

const recording = (): string => join(folder, `${uniqueName()}.arrow`);

test.each([
  ["the prompt", () => ["sh", "-c", `exec "$@" < ${inputs}`, "sh", ...commandLine()], /42/],
  ["a script", () => commandLine("run", script), /42/],
  ["a probe", () => commandLine("opensnoop", "--duration", "1"), /PATH/],
  ["a recording", () => commandLine("record", "opensnoop", "--duration", "1", "-o", recording()), /^/],
  ["a set's list", () => commandLine("map", "list", "/sys/fs/bpf/none-such"), /never/],
] as const)(
  "with few descriptors %s says in one line that it cannot",
  { timeout: 120_000 },
  async (_, command, output) => {
    for (const more of [1, 2, 3, 5, 7, 9, 11, 13, 16, 20, 26, 40]) {
      const { status, stdout, stderr } = await run("prlimit", [`--nofile=${least + more}`, ...command()]);
      const words = `with ${least + more}: ${stderr}`;
      if (status === 0) expect(stdout + words).toMatch(output);
      else expect(words).toMatch(/^with \d+: rxbpf: Cannot [^\n]*\n$/);
      // Nothing is left out for want of descriptors.
      expect(words).not.toContain("this kernel");
    }
  },
);

test.each([
  ["run", (path: string) => ["run", path]],
  ["replay", (path: string) => ["replay", path]],
  ["info", (path: string) => ["info", path]],
  ["recover", (path: string) => ["recover", path]],
  ["export", (path: string) => ["export", "--json", path]],
  ["record", (path: string) => ["record", "opensnoop", "--duration", "1", "-o", path]],
  ["record into a directory", (path: string) => ["record", "opensnoop", "--duration", "1", "-o", `${path}/`]],
  ["map create", (path: string) => ["map", "create", path, "--type", "cgroup"]],
  ["map list", (path: string) => ["map", "list", path]],
  ["cgroupid", (path: string) => ["cgroupid", "number", path]],
  ["a set", (path: string) => ["opensnoop", "--duration", "1", "--cgroupmap", path]],
] as const)("%s tells what is wrong with a path, and nothing as Node or the kernel words it", async (_, command) => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  for (const path of [`/tmp/${"x".repeat(256)}`, `/tmp/${"y/".repeat(2100)}`, `${file}/below`]) {
    const { status, stderr } = await rxbpf(...command(path));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^rxbpf: Cannot [^\n]*\n$/);
    expect(stderr).not.toMatch(/\bE[A-Z]{3,}: |, (open|stat|mkdir|scandir|lstat) '/);
  }
  expect(existsSync("/tmp/y")).toBe(false);
});

test("who may not read a file, or run a program, is told so", async () => {
  const secret = join(folder, "secret.arrow");
  writeFileSync(secret, "", { mode: 0o600 });
  const unprivileged = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--reuid=65534", "--clear-groups"];
  for (const command of [
    ["replay", secret],
    ["info", secret],
    ["run", secret],
  ]) {
    const { status, stderr } = await runThrough(unprivileged, ...command);
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^rxbpf: Cannot [^\n]*permission denied[^\n]*\n$/),
    });
  }
  const { status, stderr } = await rxbpf("record", "opensnoop", "-o", recording(), "--", secret);
  expect({ status, stderr }).toEqual({
    status: 126,
    stderr: expect.stringMatching(/^rxbpf: Cannot run [^\n]*permission denied[^\n]*\n$/),
  });
});
