import { Worker } from "node:worker_threads";

/** How often the main thread signals that it is alive. */
export const BEAT_MS = 250;

/** Indexes in the array that the main thread shares with the thread that watches it. */
export const BEAT = 0;
export const TYPING = 1;

export interface Shared {
  readonly state: Int32Array;
}

let state: Int32Array | undefined;

/**
 * Starts a thread that detects code that runs without a pause, such as an endless loop in an operator, during which the main
 * thread handles no signal and no key. Then the second SIGINT, SIGTERM or SIGHUP ends the process, and so does Ctrl-C at a
 * terminal where it is a key. Starts only once; the thread keeps nothing alive.
 */
export function watchForOverruns(): void {
  if (state) return;
  const shared = (state = new Int32Array(new SharedArrayBuffer(8)));
  setInterval(() => Atomics.add(shared, BEAT, 1), BEAT_MS).unref();
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: { state } satisfies Shared });
  // Passes on the input that the watching thread read instead of this one.
  worker.on("message", (typed: Uint8Array) => process.stdin.emit("data", Buffer.from(typed)));
  worker.on("error", () => {}); // then nothing watches
  // Only now: adding a listener would keep the process alive again.
  worker.unref();
}

/** Tells the thread whether Ctrl-C is now a key, which this thread reads. */
export function expectKeys(on: boolean): void {
  if (state) Atomics.store(state, TYPING, on ? 1 : 0);
}
