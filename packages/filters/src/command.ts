import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as system } from "node:os";

import { requireCapabilities } from "@rxbpf/core/bpf";
import { stateOf } from "@rxbpf/core/events";

import { errorCode } from "./file-systems.js";
import { OwnCgroup } from "./own-cgroup.js";
import { ofCommand, type Selector } from "./selectors.js";

/** A command cannot be run. */
export class CommandError extends Error {
  override name = "CommandError";
  /**
   * The exit status that a shell would use: 127 if there is no such file, 126 if it is no program or may not be run.
   */
  readonly status: 126 | 127;

  constructor(command: string, cause: unknown) {
    super(`Cannot run ${command}: ${stateOf(cause)}`, { cause });
    this.status = errorCode(cause) === "ENOENT" ? 127 : 126;
  }
}

/**
 * A command that runs in a cgroup of its own, so that a trace can be narrowed to the command, its children and their
 * threads, from its first instruction. Pass `within` to a probe, and call `start` once the probe is attached:
 * `const opens = opensnoop({ within: command.within }).until(defer(() => command.start()))`. Needs CAP_BPF,
 * CAP_PERFMON, and the right to make a cgroup below that of this process. The caller must close it.
 */
export class Command {
  readonly within: Selector;
  readonly #words: readonly string[];
  readonly #cgroup: OwnCgroup;
  #child: ChildProcess | undefined;

  /** @throws CommandError if it cannot be run; Error if no cgroup can be made for it; and as `requireCapabilities` */
  constructor(words: readonly string[]) {
    const [name = ""] = words;
    executable(name);
    requireCapabilities(`trace ${name}`);
    this.#words = words;
    this.#cgroup = new OwnCgroup();
    this.within = ofCommand(this.#cgroup.path, words);
  }

  /**
   * Starts it, with this process's input, output and working directory.
   * @returns its exit status once it has ended; 128 plus the signal's number if a signal ended it
   * @throws CommandError
   */
  async start(): Promise<number> {
    const child = this.#cgroup.startIn(() => startCommand(this.#words));
    this.#child = child;
    return new Promise((resolve, reject) => {
      child.once("error", (error) => reject(new CommandError(this.name, error)));
      child.once("exit", (status, signal) => resolve(status ?? 128 + system.signals[signal!]));
    });
  }

  /** The name that it was called by. */
  get name(): string {
    return this.#words[0]!;
  }

  /** Whether it was started and has not ended. */
  get isRunning(): boolean {
    return this.#child?.pid !== undefined && !this.hasEnded;
  }

  /** Whether it was started and has ended. */
  get hasEnded(): boolean {
    return typeof this.#child?.exitCode === "number" || typeof this.#child?.signalCode === "string";
  }

  /** Sends it a signal, if it runs. */
  kill(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child!.kill(signal);
  }

  /**
   * Lets go of it. Processes of the command that still run go on, in the cgroup of this process, and nobody waits for
   * them.
   */
  close(): void {
    this.#child?.unref();
    this.#cgroup.remove();
  }
}

/**
 * Starts a command, found in PATH as by a shell, with this process's input, output and working directory.
 * @throws CommandError
 */
export function startCommand([name = "", ...args]: readonly string[]): ChildProcess {
  // Found here: the child would try each directory of PATH, and the trace would show that.
  return spawn(executable(name), args, { argv0: name, stdio: "inherit" });
}

/** The file that a command's name stands for. @throws CommandError */
function executable(name: string): string {
  const files = name.includes("/")
    ? [name]
    : (process.env["PATH"] ?? "/bin:/usr/bin").split(":").map((folder) => `${folder || "."}/${name}`);
  let found: unknown = Object.assign(new Error(), { code: "ENOENT" });
  for (const file of files) {
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
      found = Object.assign(new Error(), { code: "EACCES" });
    } catch (error) {
      if (errorCode(error) === "EACCES") found = error;
    }
  }
  throw new CommandError(name, found);
}
