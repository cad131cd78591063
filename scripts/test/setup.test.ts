import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

import { makeClone } from "../../testing/clone.js";
import { run, temporaryFolder } from "../../testing/programs.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const clone = path.join(temporaryFolder(), "clone");

beforeAll(() => makeClone(clone));

async function setUp(): Promise<{ status: number | null; stderr: string }> {
  const { status, stderr } = await run(process.execPath, [path.join(clone, "scripts/setup.mjs")]);
  return { status, stderr };
}

/** Starts set-up, and kills it with its children once it prints a step. */
async function interrupt(says: string): Promise<void> {
  const child = spawn(process.execPath, [path.join(clone, "scripts/setup.mjs")], { detached: true });
  const ended = once(child, "exit");
  for await (const text of child.stderr.setEncoding("utf8")) if (String(text).includes(says)) break;
  process.kill(-child.pid!, "SIGKILL");
  await ended;
}

async function version(): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [
    path.join(clone, "packages/repl/bin/rxbpf.cjs"),
    "--version",
  ]);
  return stdout + stderr;
}

function change(): void {
  appendFileSync(path.join(clone, "packages/core/src/index.ts"), "// changed\n");
}

test("npx finds the command of a clone that is not set up, which says what to do", async () => {
  const bare = path.join(path.dirname(clone), "bare");
  for (const part of ["package.json", "packages/repl/package.json", "packages/repl/bin"])
    cpSync(path.join(repository, part), path.join(bare, part), { recursive: true });
  // Offline, so that nobody else's package of that name can be fetched.
  const { stdout, stderr } = await run("env", ["--chdir", bare, "npx", "--offline", "--yes", "rxbpf", "list"]);
  expect(stdout + stderr).toBe("rxbpf: Cannot start: this clone is not built; run: npm start\n");
});

test("it builds; with nothing to do it does and prints nothing", { timeout: 60_000 }, async () => {
  expect(await setUp()).toEqual({ status: 0, stderr: "Building\n" });
  expect(await setUp()).toEqual({ status: 0, stderr: "" });
});

test("an interrupted build leaves everything as it was, and the next one completes", { timeout: 60_000 }, async () => {
  const before = await version();
  expect(before).toMatch(/^\d+\.\d+\.\d+\n$/);
  change();
  await interrupt("Building");
  expect(await version()).toBe(before);
  expect(await setUp()).toEqual({ status: 0, stderr: "Building\n" });
  expect(await version()).toBe(before);
});

test("so does an installation of the npm packages", { timeout: 60_000 }, async () => {
  const before = await version();
  rmSync(path.join(clone, "node_modules/publint"));
  await interrupt("Installing the npm packages");
  expect(await version()).toBe(before);
  symlinkSync(path.join(repository, "node_modules/publint"), path.join(clone, "node_modules/publint"));
  expect(await setUp()).toMatchObject({ status: 0 });
});

test("of two at once, one builds and the other waits", { timeout: 60_000 }, async () => {
  change();
  const both = await Promise.all([setUp(), setUp()]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  expect(both.map(({ stderr }) => stderr).sort()).toEqual(["Building\n", "Waiting for another set-up of this clone\n"]);
  expect(await setUp()).toEqual({ status: 0, stderr: "" });
});
