import { emitKeypressEvents, type Key } from "node:readline";

import { jobState } from "../process/job.js";

/** How often to look whether the shell has given the terminal to this process, or taken it away. */
const LOOK_MS = 500;

/** What keys do that a terminal handles itself while programs read lines: they send a signal to the whole job. */
const SIGNALS: Readonly<Record<string, NodeJS.Signals>> = { c: "SIGINT", z: "SIGTSTP", "\\": "SIGQUIT" };

/**
 * Reads keys from standard input, one by one and without showing them, while this process is in the foreground of its terminal.
 * Ctrl-C, Ctrl-Z and Ctrl-\ do what they always do. While the process is stopped, and after `close`, the terminal is as before.
 */
export class TerminalKeys {
  readonly #press: (key: Key) => void;
  readonly #resumed: () => void;
  readonly #timer: NodeJS.Timeout;
  #reading = false;
  #closed = false;

  /**
   * @param press gets the keys
   * @param resumed called when the process may go on after a stop, or comes to the foreground
   */
  constructor(press: (key: Key) => void, resumed: () => void) {
    this.#press = press;
    this.#resumed = resumed;
    emitKeypressEvents(process.stdin);
    process.stdin.on("keypress", this.#pressed);
    process.on("SIGCONT", this.#goOn);
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  /** Gives the terminal back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    process.off("SIGCONT", this.#goOn);
    process.stdin.off("keypress", this.#pressed);
    this.#stop();
  }

  #look(): void {
    if (this.#closed) return;
    const isOurs = jobState() === "foreground";
    if (isOurs === this.#reading) return;
    if (isOurs) this.#start();
    else this.#stop();
  }

  #start(): void {
    this.#reading = true;
    // If something else has changed the mode, as when the process was stopped, Node thinks that it is still as it was.
    setRawMode(false);
    setRawMode(true);
    process.stdin.resume();
    this.#resumed();
  }

  #stop(): void {
    if (!this.#reading) return;
    this.#reading = false;
    process.stdin.pause();
    // In the background this would stop the process, and the shell has set its own mode.
    if (jobState() !== "background") setRawMode(false);
  }

  readonly #pressed = (_: string | undefined, key: Key): void => {
    const signal = key.ctrl ? SIGNALS[key.name ?? key.sequence ?? ""] : undefined;
    if (signal === undefined) return this.#press(key);
    this.#stop();
    // As the terminal does. After SIGTSTP the process is stopped here until SIGCONT; the shell has written meanwhile.
    process.kill(0, signal);
    if (signal === "SIGTSTP") this.#resumed();
  };

  readonly #goOn = (): void => {
    this.#reading = false;
    this.#look();
  };
}

/** Does nothing if the terminal is gone. */
function setRawMode(raw: boolean): void {
  try {
    process.stdin.setRawMode(raw);
  } catch {
    // Reading and writing tell.
  }
}
