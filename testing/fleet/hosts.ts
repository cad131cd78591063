import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
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

/** How often shippers and server are killed. */
const KILLS = 4;

/** Sends directories, and kills that some random time after it has begun, several times. */
export async function killingShippers(
  random: (below: number) => number,
  how: "drain" | "follow",
  url: string,
  directories: readonly string[],
): Promise<void> {
  for (let i = 0; i < KILLS; i++) {
    const child = spawn(process.execPath, [SHIPPERS, how, url, ...directories], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const exit = once(child, "exit");
    await Promise.race([once(child.stderr, "data"), exit]);
    await Promise.race([delay(random(500)), exit]);
    child.kill("SIGKILL");
    await exit;
  }
}

/** Kills a server after random times, and starts it again, several times. */
export async function killingServer(random: (below: number) => number, server: Restartable): Promise<void> {
  for (let i = 0; i < KILLS; i++) {
    await delay(100 + random(500));
    await server.kill();
    await delay(random(200));
    await server.resume();
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
