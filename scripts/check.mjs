// `npm run check`: all that can be said about the code without running it. Every check runs, every
// failure is shown, and a table ends it.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { checkImports } from "./check/imports.mjs";
import { checkPackages } from "./check/packages.mjs";
import { checkProbes } from "./check/probes.mjs";

process.chdir(new URL("..", import.meta.url).pathname);

const checks = {
  build: () => run(process.execPath, "scripts/setup.mjs"),
  types: () => run("tsc", "--project", "tsconfig.test.json"),
  lint: () => run("oxlint", "--quiet"),
  format: () => run("oxfmt", "--check"),
  "format of C": () => run("clang-format", "--dry-run", "--Werror", ...cFiles()),
  "unused code": () => run("knip", "--no-progress"),
  imports: () => checkImports("."),
  probes: () => checkProbes("."),
  packages: () => checkPackages("."),
};

const results = [];
for (const [name, check] of Object.entries(checks)) {
  const start = performance.now();
  const problems = await Promise.resolve()
    .then(check)
    .catch((error) => [error.message]);
  const seconds = (performance.now() - start) / 1000;
  if (problems.length > 0) console.log(`\n${name}:\n${problems.join("\n")}`);
  results.push({ name, failed: problems.length > 0, seconds });
}

console.log();
for (const { name, failed, seconds } of results)
  console.log(`${name.padEnd(12)} ${failed ? "FAILED" : "ok    "} ${seconds.toFixed(1).padStart(5)} s`);
process.exitCode = results.some(({ failed }) => failed) ? 1 : 0;

/** What a command says when it fails, or nothing. */
function run(command, ...args) {
  const env = { ...process.env, PATH: `node_modules/.bin:${process.env.PATH}` };
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      const said = Buffer.concat(output).toString().trim();
      resolve(status === 0 ? [] : [said || `${command} ended with status ${status}`]);
    });
  });
}

function cFiles() {
  return ["bpf", "bpf/include", "bpf/iterators", "bench"].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => `${folder}/${name}`),
  );
}
