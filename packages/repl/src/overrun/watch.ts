import { Worker } from "node:worker_threads";

/** How often the main thread says that it goes on. */
export const BEAT_MS = 250;

/** What the main thread tells, as indexes of what it shares with the thread that watches it. */
export const BEAT = 0;
export const TYPING = 1;

export interface Shared {
  readonly state: Int32Array;
}

let state: Int32Array | undefined;

/**
 * Starts a thread that sees when code runs without a pause, so that no signal and no key is heard of, as in an endless loop in an
 * operator. Then the second of SIGINT, SIGTERM or SIGHUP ends the process, and Ctrl-C at a terminal does so where it is
 * a key. Once; the thread keeps nothing alive.
 */
export function watchForOverruns(): void {
  if (state) return;
  const shared = (state = new Int32Array(new SharedArrayBuffer(8)));
  setInterval(() => Atomics.add(shared, BEAT, 1), BEAT_MS).unref();
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: { state } satisfies Shared });
  // What it read in the place of this thread.
  worker.on("message", (typed: Uint8Array) => process.stdin.emit("data", Buffer.from(typed)));
  worker.on("error", () => {}); // there is no watch, then
  // After all that listens to it, which would keep it.
  worker.unref();
}

/** Says whether Ctrl-C is a key now that this thread reads. */
export function expectKeys(on: boolean): void {
  if (state) Atomics.store(state, TYPING, on ? 1 : 0);
}
