import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, onTestFinished, test } from "vitest";

import { run } from "../../../testing/programs.js";

// The page on testing is followed here, as it stands there, by somebody without privileges.
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(join(repository, "docs/testing.md"), "utf8");
const [chain = "", tests = "", command = "", ...others] = [...page.matchAll(/^```\w+\n([^]*?)^```$/gm)].map(
  ([, text = ""]) => text,
);

async function runPage(chain: string) {
  const folder = mkdtempSync(join(tmpdir(), "rxbpf-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "missing-files.ts"), chain);
  writeFileSync(join(folder, "missing-files.test.ts"), tests);
  const drop = ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"];
  return run("setpriv", [...drop, "sh", "-c", `cd ${folder} && NO_COLOR=1 ${command}`]);
}

test("the tests of the page pass, without a privilege", { timeout: 60_000 }, async () => {
  expect(others).toEqual([]);
  expect(await runPage(chain)).toMatchObject({ status: 0, stdout: expect.stringMatching(/Tests +2 passed/) });
});

test("and fail for a chain that is wrong", { timeout: 60_000 }, async () => {
  const wrong = chain.replace("e.ret === ENOENT", "e.ret < 0 || e.ret > 0").replace("10_000 }", "30_000 }");
  expect(await runPage(wrong)).toMatchObject({ status: 1, stdout: expect.stringMatching(/Tests +2 failed/) });
});
