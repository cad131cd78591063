import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { commandLine } from "../../packages/repl/test/cli.js";
import { tableFromIPC } from "../flechette.js";
import { type Outcome, run } from "../programs.js";

export { rxbpf } from "../../packages/repl/test/cli.js";

/** The names of the hosts. */
export const HOSTS = ["alpha", "beta", "gamma"] as const;
/** How many opens are made on each. */
const OPENS = 3000;
const SHIPPERS = fileURLToPath(new URL("shippers.mjs", import.meta.url));

/** An open as an independent reader finds it. */
export interface Opened {
  readonly time: number;
  readonly path: string;
}

/** Opens as an independent reader finds them in an Arrow file or stream. */
export function opensIn(bytes: Uint8Array): Opened[] {
  const table = tableFromIPC(bytes);
  const [times, paths] = [table.getChild("time")!.toArray(), table.getChild("path")!.toArray()];
  return Array.from({ length: table.numRows }, (_, i) => ({ time: Number(times[i]), path: paths[i] }));
}

/** What a host's recorder wrote, in order. */
export function recorded(directory: string): Opened[] {
  const files = readdirSync(directory).filter((name) => name.endsWith(".arrow"));
  return files.toSorted().flatMap((name) => opensIn(readFileSync(`${directory}/${name}`)));
}

/** Records, on a host of this name, opens that the recorder makes: some for each millisecond. */
export function recordOn(host: string, directory: string, tag: string): Promise<Outcome> {
  const open = `for (1..${OPENS}) { open(F, "<", "/nonexistent/${tag}-$_"); select(undef, undef, undef, 0.001) }`;
  const words = ["record", "opensnoop", "-o", `${directory}/`, "--batch-bytes", "4096", "--rotate-bytes", "100000"];
  const recorder = commandLine(...words, "--", "perl", "-e", open);
  return run("unshare", ["--uts", "sh", "-c", `hostname ${host} && exec "$@"`, "sh", ...recorder]);
}

/** The paths that are opened on each host, in order. */
export function pathsOf(tag: string): string[] {
  return Array.from({ length: OPENS }, (_, i) => `/nonexistent/${tag}-${i + 1}`);
}

/** A server that can be killed and started again. */
export interface Restartable {
  readonly url: string;
  kill(): Promise<void>;
  resume(): Promise<void>;
}

/** How often a shipper is killed, and about half as often the server. */
const KILLS = 3;
/** How long to wait for progress that may not come, as everything was sent. */
const MOST_WAIT_MS = 3000;

/**
 * Sends directories, and kills the shipper with SIGKILL a random number of batches after it has begun, several times; in
 * between it does the same to the server, and starts it again. Afterwards the server runs, and something may be unsent.
 */
export async function sendAndKill(
  random: (below: number) => number,
  how: "drain" | "follow",
  server: Restartable,
  directories: readonly string[],
): Promise<void> {
  for (let i = 0; i < KILLS; i++) {
    const child = spawn(process.execPath, [SHIPPERS, how, server.url, ...directories], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exit = once(child, "exit");
    const batches = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const progress = async (count: number): Promise<void> => {
      for (let seen = 0; seen < count && !(await batches.next()).done;) seen++;
    };
    const sent = (count: number): Promise<unknown> =>
      Promise.race([progress(count), delay(MOST_WAIT_MS, undefined, { ref: false })]);
    await sent(1 + random(15));
    if (random(2)) {
      await delay(random(10));
      await server.kill();
      await delay(random(100));
      await server.resume();
      await sent(1 + random(5));
    }
    await delay(random(10));
    child.kill("SIGKILL");
    await exit;
  }
}

/** Sends directories until all of each is sent. */
export function shipAll(url: string, directories: readonly string[]): Promise<Outcome> {
  return run(process.execPath, [SHIPPERS, "drain", url, ...directories]);
}

/** The recordings of a spool without what was sent of them. */
export function copyOf(spool: string): string {
  const copy = mkdtempSync(path.join(path.dirname(spool), "copy-"));
  cpSync(spool, copy, { recursive: true, filter: (name) => !name.includes("/.rxbpf-ship") });
  return copy;
}
