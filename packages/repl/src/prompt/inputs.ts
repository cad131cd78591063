import type { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import type { Key } from "node:readline";
import { Recoverable, type REPLServer } from "node:repl";
import type { WriteStream } from "node:tty";

import { printable } from "@rxbpf/core";
import { runs, guardDelivery, stateOf } from "@rxbpf/core/events";

import { endInOrder } from "../process/ending.js";
import { expectKeys, watchForOverruns } from "../overrun/watch.js";
import { faultText } from "../session/faults.js";
import { goesOn, type Input } from "../session/input.js";
import { installScope } from "../session/scope.js";
import { Session } from "../session/session.js";
import { interruptible } from "../session/evaluate.js";
import { addCommands } from "./commands.js";
import { complete, explained } from "./completer.js";
import { Evaluator } from "./evaluator.js";
import type { Keys } from "./keys.js";
import { keepPromptBelow } from "./output.js";
import { onUncaught } from "./uncaught.js";
import { firstWords } from "./words.js";

/** The signals that end the prompt. */
const ENDING = ["SIGTERM", "SIGHUP"] as const;

/** Handles what is typed at a prompt. */
export class Inputs {
  readonly #server: REPLServer;
  readonly #keys: Keys;
  readonly #output: WriteStream;
  readonly #session = new Session(process.cwd());
  readonly #evaluator: Evaluator;
  readonly #leave: () => void;
  /** Whether the prompt is ending, so that no input runs any more. */
  #left = false;
  /** The lines of an input that is not complete yet. */
  #unfinished = "";
  /** The last completion. */
  #completed: string | undefined;

  constructor(server: REPLServer, keys: Keys, output: WriteStream) {
    this.#server = server;
    this.#keys = keys;
    this.#output = output;
    this.#leave = () => {
      if (!this.#left) server.close();
    };
    this.#evaluator = new Evaluator(this.#session, { output, hasKeys: true, around: (run) => this.#withoutPause(run) });
    installScope();
    guardDelivery(interruptible);
    addCommands(server, this.#session);
    server.defineCommand("load", { help: "run a file as one input", action: (path) => this.#load(path.trim()) });
    server.once(
      "exit",
      keepPromptBelow(server, output, () => !keys.held),
    );
    onInterrupt(server, output, () => {
      const wasUnfinished = this.#unfinished !== "";
      this.#unfinished = "";
      return wasUnfinished;
    });
    process.on("SIGINT", () => (keys.held ? this.interrupt() : server.emit("SIGINT")));
    server.once("exit", () => {
      this.#left = true;
      // A second one ends the process at once, except SIGHUP: both shell and kernel send it for a closed terminal.
      process.off("SIGTERM", this.#leave);
      this.interrupt();
    });
    for (const signal of ENDING) process.on(signal, this.#leave);
    onError(server, (error) => console.error(this.#evaluator.describe(error)));
  }

  /** Takes what has been typed since the last prompt; `done` shows the next prompt. */
  evaluate(code: string, done: (error: Error | null) => void): void {
    if (this.#left) return;
    const input = this.#session.parse(code);
    const { pasting, following } = this.#keys;
    if (input === "incomplete" || pasting || (following !== undefined && goesOn(code, following))) {
      this.#unfinished = code;
      done(new Recoverable(new SyntaxError("incomplete")));
      return;
    }
    this.#unfinished = "";
    if ("faults" in input) {
      this.#output.write(`${input.faults.map((fault) => faultText(fault, code)).join("\n")}\n`);
      done(null);
    } else void this.#run(input, done);
  }

  /** Runs a file as if it had been pasted. */
  #load(path: string): void {
    const shown = (): void => this.#server.displayPrompt();
    try {
      this.evaluate(readFileSync(path, "utf8"), (incomplete) => {
        if (incomplete) this.#output.write("Unexpected end of the input\n");
        this.#unfinished = "";
        shown();
      });
    } catch (error) {
      this.#output.write(`Cannot load ${printable(path)}: ${printable(stateOf(error))}\n`);
      shown();
    }
  }

  async #run(input: Input, done: (error: null) => void): Promise<void> {
    watchForOverruns();
    this.#keys.hold();
    await this.#evaluator.run(input);
    if (this.#left) return;
    done(null);
    this.#keys.release();
  }

  /** Ends the running input, so that the prompt returns. */
  interrupt(): void {
    this.#evaluator.interrupt();
  }

  /** Gives a key to what is shown. Returns whether it took it. */
  press(key: Key): boolean {
    return this.#evaluator.press(key);
  }

  /**
   * Runs code with the terminal in its usual mode, where Ctrl-C is a signal that ends even an endless loop. In the prompt's mode
   * Ctrl-C is a key, which code that does not pause never reads. Other signals, which such code cannot handle, end the process.
   */
  #withoutPause<T>(run: () => T): T {
    const listening = ENDING.filter((signal) => process.listeners(signal).includes(this.#leave));
    for (const signal of listening) process.off(signal, this.#leave);
    expectKeys(false);
    process.stdin.setRawMode(false);
    try {
      return run();
    } finally {
      process.stdin.setRawMode(true);
      expectKeys(true);
      for (const signal of listening) process.on(signal, this.#leave);
    }
  }

  /** The completions of a line, and the part that they complete. */
  async complete(line: string, done: Completed): Promise<void> {
    // Since version 24, Node's prompt passes all lines of an input.
    const code = line.startsWith(this.#unfinished) ? line : this.#unfinished + line;
    // Without types, as when the language server cannot run, there are no completions.
    const known = { commands: Object.keys(this.#server.commands), first: firstWords };
    const completion = await complete(this.#session, code, known).catch(() => undefined);
    if (!completion) return done(null, [[], line]);
    const { words, typed } = completion;
    // A second Tab in the same place asks for a list.
    const again = this.#completed === code && words.length > 1;
    this.#completed = code;
    const list = again ? await explained(words, this.#output.columns).catch(() => undefined) : undefined;
    if (list !== undefined) console.log(list);
    done(null, [list === undefined ? words.map(({ text }) => text) : [], typed]);
  }

  /** Ends what is attached in good order, its sinks written. */
  async end(): Promise<void> {
    await endInOrder();
    this.#session.close();
  }
}

export { privilegeText } from "./privileges.js";

export type Completed = (error: Error | null, result: [words: string[], typed: string]) => void;

/** Ctrl-C at an empty prompt ends all streams. Otherwise it does what it does at Node's prompt. */
function onInterrupt(server: REPLServer, output: WriteStream, forget: () => boolean): void {
  const listeners = server.listeners("SIGINT") as ((...args: unknown[]) => void)[];
  server.removeAllListeners("SIGINT");
  server.on("SIGINT", () => {
    const running = runs();
    if (!forget() && server.line === "" && running.length > 0) {
      for (const one of running) one.stop();
      output.write(`\nStopped ${running.map(({ id }) => id).join(", ")}\n`);
      server.displayPrompt();
    } else for (const listener of listeners) listener.call(server);
  });
}

/** An uncaught error is shown, and the prompt goes on. */
function onError(server: REPLServer, say: (error: unknown) => void): void {
  onUncaught(say);
  // Node's prompt evaluates in a domain, which would print messages unescaped, with text that traced processes chose.
  const { _domain: domain } = server as unknown as { _domain?: EventEmitter };
  domain?.removeAllListeners("error").on("error", say);
}
