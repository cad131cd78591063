// The thread that watches the main thread: see `watch.ts`.
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";

import { BEAT, BEAT_MS, type Shared, TYPING } from "./watch.js";

/** After this many checks without a sign of the main thread, it counts as stuck. */
const PATIENCE = 4;
const CTRL_C = 3;
/** How long an interruption may take. */
const INTERRUPT_MS = 500;
/** How long the main thread may take to end. */
const END_MS = 1000;

const { state } = workerData as Shared;
let seen = -1;
let silent = 0;
let overrun: Overrun | undefined;

setInterval(() => {
  const beat = Atomics.load(state, BEAT);
  silent = beat === seen ? silent + 1 : 0;
  seen = beat;
  if (silent < PATIENCE) {
    overrun?.end();
    overrun = undefined;
  } else (overrun ??= new Overrun()).look();
}, BEAT_MS);

/** A span in which the main thread does not pause. */
class Overrun {
  readonly #typed: number[] = [];
  #terminal: number | undefined;
  /** How often Ctrl-C was pressed, and when last. */
  #asked = 0;
  #askedAt = 0;
  #told = false;
  #restoreSignals: (() => void) | undefined;
  #over = false;

  constructor() {
    void this.#takeSignals();
  }

  async #takeSignals(): Promise<void> {
    const { endAtSecond } = await import("@rxbpf/core/system");
    if (!this.#over) this.#restoreSignals = endAtSecond(["SIGINT", "SIGTERM", "SIGHUP"]);
  }

  look(): void {
    if (Atomics.load(state, TYPING) === 0) return;
    if (this.#asked === 1 && !this.#told && performance.now() - this.#askedAt > INTERRUPT_MS) this.#tell();
    for (const key of this.#read()) {
      if (key !== CTRL_C) this.#typed.push(key);
      else if (++this.#asked === 1) this.#interrupt();
      else return endProcess();
    }
  }

  /** Interrupts the running code: an input's own, or its handling of a stream's events. */
  #interrupt(): void {
    this.#askedAt = performance.now();
    process.kill(process.pid, "SIGINT");
  }

  #tell(): void {
    this.#told = true;
    writeSync(2, "\r\nThe running code cannot be interrupted. Ctrl-C again ends rxbpf\r\n");
  }

  end(): void {
    this.#over = true;
    this.#restoreSignals?.();
    if (this.#terminal !== undefined) closeSync(this.#terminal);
    if (this.#typed.length > 0) parentPort!.postMessage(Uint8Array.from(this.#typed));
  }

  /** The keys that were typed while the main thread could not read them. */
  #read(): Uint8Array {
    const buffer = new Uint8Array(4096);
    try {
      this.#terminal ??= openSync("/proc/self/fd/0", constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      return buffer.subarray(0, readSync(this.#terminal, buffer));
    } catch {
      return buffer.subarray(0, 0); // nothing
    }
  }
}

/** The inspector can interrupt any code except native code, so that the process can clean up. */
function endProcess(): void {
  const end = `
    process.stdin.setRawMode?.(false);
    process.emit("exit", 130);
    process.removeAllListeners("SIGINT");
    process.kill(process.pid, "SIGINT")`;
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.evaluate", { expression: end });
  setTimeout(() => {
    spawnSync("stty", ["sane"], { stdio: ["inherit", "ignore", "ignore"] });
    process.kill(process.pid, "SIGKILL");
  }, END_MS);
}
