// `npm run test:fleet`: the tests against ClickHouse's engine, which is installed first, beside this file: 180 MB.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));
const npm = ["npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: here, stdio: "inherit" }];
if (!existsSync(`${here}/node_modules/@chdb`) && spawnSync(...npm).status !== 0) process.exit(1);
const vitest = [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--config",
  "testing/fleet/vitest.config.ts",
  ...process.argv.slice(2),
];
process.exitCode = spawnSync(process.execPath, vitest, { cwd: root, stdio: "inherit" }).status ?? 1;
