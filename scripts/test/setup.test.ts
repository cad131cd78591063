import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

import { run, temporaryFolder } from "../../testing/programs.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const clone = path.join(temporaryFolder(), "clone");

/** A copy of the repository, with the same npm packages by links. */
beforeAll(() => {
  const left = new Set([".git", ".nx", ".setup", "build", "dist", "node_modules"]);
  cpSync(repository, clone, { recursive: true, filter: (file) => !left.has(path.basename(file)) });
  const link = (place: string): void => {
    mkdirSync(path.join(clone, path.dirname(place)), { recursive: true });
    symlinkSync(path.join(repository, place), path.join(clone, place));
  };
  const lock = JSON.parse(readFileSync(path.join(repository, "package-lock.json"), "utf8")) as {
    packages: Record<string, { link?: boolean; resolved?: string }>;
  };
  for (const [place, { link: isWorkspace, resolved = "" }] of Object.entries(lock.packages)) {
    if (!isWorkspace) continue;
    if (existsSync(path.join(repository, resolved, "node_modules"))) link(`${resolved}/node_modules`);
    mkdirSync(path.join(clone, path.dirname(place)), { recursive: true });
    symlinkSync(path.relative(path.dirname(place), resolved), path.join(clone, place));
  }
  const own = new Set(["@rxbpf", "rxbpf", "rxbpf-docs", ".rxbpf-build"]);
  for (const name of readdirSync(path.join(repository, "node_modules")))
    if (!own.has(name)) link(`node_modules/${name}`);
});

async function setUp(): Promise<{ status: number | null; stderr: string }> {
  const { status, stderr } = await run(process.execPath, [path.join(clone, "scripts/setup.mjs")]);
  return { status, stderr };
}

/** Starts set-up, and kills it and all that it started when it says what it does. */
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

test("it builds, and with nothing to do it does and says nothing", { timeout: 60_000 }, async () => {
  expect(await setUp()).toEqual({ status: 0, stderr: "Building\n" });
  expect(await setUp()).toEqual({ status: 0, stderr: "" });
});

test("a build that is interrupted leaves what there was, and the next completes", { timeout: 60_000 }, async () => {
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

test("of two at once one builds and the other waits", { timeout: 60_000 }, async () => {
  change();
  const both = await Promise.all([setUp(), setUp()]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  expect(both.map(({ stderr }) => stderr).sort()).toEqual(["Building\n", "Waiting for another set-up of this clone\n"]);
  expect(await setUp()).toEqual({ status: 0, stderr: "" });
});
