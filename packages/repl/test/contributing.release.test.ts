import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

import { makeClone } from "../../../testing/clone.js";
import { run, temporaryFolder } from "../../../testing/programs.js";

// How a probe is added is followed here, as CONTRIBUTING.md says it, in a clone.
const page = readFileSync(fileURLToPath(new URL("../../../CONTRIBUTING.md", import.meta.url)), "utf8");
const files = [...page.matchAll(/`([^`\s]+)`:\n\n```(?:c|ts)\n([^]*?)^```$/gm)].map(([, name = "", text = ""]) => ({
  name,
  text,
}));
const commands = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = ""]) => text.trim());
const INDEX = "packages/probes/src/index.ts";
const clone = path.join(temporaryFolder(), "clone");

beforeAll(() => makeClone(clone));

const inClone = (command: string) => run("env", ["--chdir", clone, "bash", "-c", command]);

test("the page names all files of a probe, and the commands that build and try it", () => {
  expect(files.map(({ name }) => name)).toEqual([
    "bpf/chdirsnoop.bpf.c",
    "packages/probes/src/chdirsnoop/schema.ts",
    "packages/probes/src/chdirsnoop/probe.ts",
    INDEX,
    "packages/probes/test/chdirsnoop.kernel.test.ts",
  ]);
  expect(commands).toEqual([
    "npm start -- --version",
    "npm start -- chdirsnoop",
    "npm test -- packages/probes/test/chdirsnoop.kernel.test.ts",
    "npm run format\nnpm run check\nnpx changeset",
  ]);
});

test("the probe is built, shows what happens, and passes its test and the checks", { timeout: 240_000 }, async () => {
  const [setUp = "", tryIt = "", testIt = ""] = commands;
  expect(await inClone(setUp)).toMatchObject({ status: 0 });
  for (const { name, text } of files) {
    mkdirSync(path.join(clone, path.dirname(name)), { recursive: true });
    (name === INDEX ? appendFileSync : writeFileSync)(path.join(clone, name), text);
  }

  const live = spawn("bash", ["-c", tryIt], { cwd: clone, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  let shown = "";
  live.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  const change = async (): Promise<string> => {
    await run("env", ["--chdir=/usr/share", "true"]);
    return shown;
  };
  await expect.poll(change, { timeout: 120_000, interval: 200 }).toMatch(/^\d+ +env +0 +\/usr\/share$/m);
  process.kill(-live.pid!, "SIGINT");

  const tested = await inClone(testIt);
  expect(tested.stdout).toMatch(/^1 passed, 0 failed$/m);
  expect(await inClone("npx oxfmt --check packages/probes && clang-format --dry-run --Werror bpf/*.c")).toMatchObject({
    status: 0,
  });
  const nothing = { status: 0, stdout: "", stderr: "" };
  for (const check of ["imports", "probes", "docs"])
    expect(await inClone(`npm run --silent check:${check}`)).toMatchObject(nothing);
});

test("a probe without a comment is refused by the checks", { timeout: 120_000 }, async () => {
  const [, , { name, text }] = files as [unknown, unknown, (typeof files)[number]];
  writeFileSync(path.join(clone, name), text.replace(/\/\*\* Directories .*\*\/\n/, ""));
  expect(await inClone("npm run build")).toMatchObject({ status: 0 });
  const { status, stdout, stderr } = await inClone("npm run --silent check:docs");
  expect({ status, said: stdout + stderr }).toEqual({
    status: 1,
    said: expect.stringMatching(/@rxbpf\/probes\.chdirsnoop .* does not have any documentation\n/),
  });
});
