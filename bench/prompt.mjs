// How long the prompt takes to appear, and to check a first input.
import { fileURLToPath } from "node:url";

import { spawn } from "@lydell/node-pty";

import { median } from "./statistics.mjs";

const command = fileURLToPath(new URL("../packages/repl/bin/rxbpf.cjs", import.meta.url));

/** @returns medians of seconds since its start: `shown`, `checked` */
export async function prompt({ rounds }) {
  const runs = [];
  for (let round = 0; round < rounds * 3; round++) runs.push(await startOnce());
  const of = (name) => median(runs.map((run) => run[name])) / 1000;
  return { shown: of("shown"), checked: of("checked") };
}

function startOnce() {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const terminal = spawn(process.execPath, [command], {
      cols: 80,
      rows: 24,
      env: { ...process.env, RXBPF_HISTORY: "" },
    });
    let seen = "";
    let shown;
    terminal.onData((text) => {
      seen += text;
      if (shown === undefined && seen.includes("rxbpf> ")) {
        shown = performance.now() - began;
        terminal.write('"a".toFixd()\r');
      }
      if (seen.includes("TS2339") || seen.includes("TS2551")) {
        resolve({ shown, checked: performance.now() - began });
        terminal.kill("SIGKILL");
      }
    });
    terminal.onExit(() => reject(new Error(`The prompt ended: ${seen}`)));
  });
}
