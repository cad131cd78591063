// `npm test` runs the unit tests with nx, which takes unchanged packages' results from its cache; then, as root, all
// kernel tests, every time. `npm test -- ARGUMENTS` passes arguments to vitest.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { giveToOwner } from "../scripts/setup/owner.mjs";
import { reachable } from "./reachable.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const NX = "node_modules/nx/dist/bin/nx.js";
const VITEST = "node_modules/vitest/vitest.mjs";
const [, , ...given] = process.argv;
const isRoot = process.getuid() === 0;
const LEFT_OUT = "The tests against the kernel need root, and are left out: sudo npm test runs them too";

if (given.length > 0) {
  const child = spawn(process.execPath, [VITEST, "run", ...given], { stdio: "inherit", cwd: reachable(".") });
  child.on("exit", (status) => {
    giveToOwner();
    process.exitCode = status ?? 1;
  });
} else {
  if (!isRoot) console.log(LEFT_OUT);
  const units = await run(NX, "run-many", "--target=test:unit", "--output-style=static");
  const kernel = isRoot ? await run(VITEST, "run", "--project", "kernel") : { passed: 0, failed: 0, skipped: 0 };
  const [passed, failed, skipped] = ["passed", "failed", "skipped"].map((name) => units[name] + kernel[name]);
  if (!isRoot) console.log(`\n${LEFT_OUT}`);
  giveToOwner();
  // CI reads this last line.
  console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** Runs a command, shows what it prints, and adds up the closing lines in it: see scripts/closing-line.ts. */
async function run(...command) {
  const cwd = command[0] === VITEST ? reachable(".") : undefined;
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"], cwd });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    process.stdout.write(text);
    output += text;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, skipped] of output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)) {
    sum.passed += Number(passed);
    sum.failed += Number(failed);
    sum.skipped += Number(skipped ?? 0);
  }
  // A failure without a failed test, such as a run that cannot start.
  if (status !== 0 && sum.failed === 0) sum.failed = 1;
  return sum;
}
