// How long the prompt takes: until it is there, and until it has checked a first input.
import { fileURLToPath } from "node:url";

import { spawn } from "@lydell/node-pty";

import { median } from "./statistics.mjs";

const command = fileURLToPath(new URL("../packages/repl/bin/rxbpf.js", import.meta.url));

/** @returns medians of milliseconds since its start: `promptMs`, `typesMs` */
export async function prompt({ rounds }) {
  const runs = [];
  for (let round = 0; round < rounds; round++) runs.push(await startOnce());
  return {
    promptMs: Math.round(median(runs.map(({ prompt }) => prompt))),
    typesMs: Math.round(median(runs.map(({ types }) => types))),
  };
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
        resolve({ prompt: shown, types: performance.now() - began });
        terminal.kill("SIGKILL");
      }
    });
    terminal.onExit(() => reject(new Error(`The prompt ended: ${seen}`)));
  });
}
