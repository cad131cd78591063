// Runs the command and measures it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../packages/repl/bin/rxbpf.cjs", import.meta.url));
const PEAK = fileURLToPath(new URL("peak.cjs", import.meta.url));

/**
 * Starts `rxbpf` and discards its output.
 * @returns the process, and `ended`: `{ status, signal, seconds, peak, stderr }`, peak in bytes, 0 if it was killed
 */
export function start(...args) {
  const since = performance.now();
  const stdio = ["ignore", "ignore", "pipe", "pipe"];
  const child = spawn(process.execPath, ["--require", PEAK, MAIN, ...args], { stdio });
  const texts = [child.stderr, child.stdio[3]].map(async (stream) => {
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += chunk;
    return text;
  });
  const ended = once(child, "close").then(async ([status, signal]) => {
    const [stderr, peak] = await Promise.all(texts);
    return { status, signal, stderr, peak: Number(peak) * 1024, seconds: (performance.now() - since) / 1000 };
  });
  return { child, ended };
}

/** Runs it to its end, or for the given seconds: then it is killed, and `signal` says so. */
export async function run(args, seconds = 60) {
  const { child, ended } = start(...args);
  const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}

/** Makes a folder while `use` runs. */
export async function withFolder(use) {
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-faults-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints the figures and faults; ends with 1 if there are faults. */
export function report(name, figures, faults) {
  console.log(`${name}: ${figures}`);
  for (const fault of faults) console.log(`${name}: WRONG: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}
