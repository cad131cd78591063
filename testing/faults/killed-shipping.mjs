// Three hosts' recordings are sent to NATS again and again, while the shippers and the server are killed at random moments. All
// must arrive, once and in order: see packages/ship/test/nats.kernel.test.ts, which does it a few times.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const RUNS = 100;

const root = fileURLToPath(new URL("../..", import.meta.url));
const vitest = ["node_modules/vitest/vitest.mjs", "run", "packages/ship/test/nats.kernel.test.ts"];
const env = { ...process.env, SHIPPING_RUNS: String(RUNS) };
const { status, stdout, stderr } = spawnSync(process.execPath, vitest, { cwd: root, env, encoding: "utf8" });
if (status === 0)
  console.log(`Shippers and server killed while they send: ${RUNS} runs, 0 events missing, 0 doubled, all in order`);
else {
  console.error(`${stdout}${stderr}`);
  process.exitCode = 1;
}
