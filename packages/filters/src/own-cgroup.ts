import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { stateOf } from "@rxbpf/core/events";
import { lockFile } from "@rxbpf/core/system";

import { cgroupOfProcess } from "./cgroups.js";
import { isMissing } from "./file-systems.js";
import { CGROUP2_MISSING, cgroupMounts } from "./mounts.js";

const PREFIX = "rxbpf-command-";
/** How often to look again for processes that were started while others were moved. */
const ROUNDS = 100;

/** A cgroup for a command, below that of this process, so that this process's limits hold for the command. */
export class OwnCgroup {
  readonly path: string;
  /** The cgroup of this process. */
  readonly #home: string;
  /**
   * The descriptor of a lock that lasts as long as this process: a cgroup without a lock was left by a killed process.
   */
  readonly #lock: number;

  /**
   * Makes the cgroup, and removes cgroups that killed processes have left. Needs the right to write to the directory of
   * this process's cgroup. The caller must remove it.
   * @throws Error if cgroup v2 is missing, or no cgroup may be made
   */
  constructor() {
    const fail = (state: string): never => {
      throw new Error(`Cannot make a cgroup for the command: ${state}`);
    };
    if (cgroupMounts().length === 0) fail(CGROUP2_MISSING);
    this.#home = cgroupOfProcess(process.pid);
    removeLeft(this.#home);
    try {
      // Checks that this process may move back, before it moves away.
      enter(this.#home);
      [this.path, this.#lock] = makeLocked(this.#home);
    } catch (error) {
      throw new Error(`Cannot make a cgroup for the command below ${this.#home}: ${stateOf(error)}`, { cause: error });
    }
  }

  /**
   * Moves this process into the cgroup while `start` runs, so that a child that it starts is in the cgroup from the
   * first.
   */
  startIn<T>(start: () => T): T {
    enter(this.path);
    try {
      return start();
    } finally {
      enter(this.#home);
    }
  }

  /**
   * Moves processes that still run in it to the cgroup of this process, then removes it, unless a cgroup below it has
   * processes.
   */
  remove(): void {
    for (let round = 0; round < ROUNDS && moveAll(this.path, this.#home); round++);
    closeSync(this.#lock);
    removeEmpty(this.path);
  }
}

/** Moves this process into a cgroup. */
function enter(cgroup: string): void {
  writeFileSync(`${cgroup}/cgroup.procs`, "0");
}

function makeLocked(home: string): [path: string, lock: number] {
  for (;;) {
    const made = mkdtempSync(path.join(home, PREFIX));
    chmodSync(made, 0o755); // others may look who is in a cgroup
    const lock = openSync(made, constants.O_DIRECTORY);
    // Another process may have found and removed it before it was locked.
    if (lockFile(lock) && existsSync(made)) return [made, lock];
    closeSync(lock);
  }
}

/** Moves all processes of a cgroup. Returns whether any could be moved. */
function moveAll(from: string, to: string): boolean {
  const pids = readFileSync(`${from}/cgroup.procs`, "utf8").match(/^[1-9]\d*$/gm) ?? [];
  return pids.map((pid) => move(pid, to)).includes(true);
}

function move(pid: string, to: string): boolean {
  try {
    writeFileSync(`${to}/cgroup.procs`, pid);
    return true;
  } catch {
    return false; // it has ended, or may not be moved
  }
}

/** Removes a cgroup and those below it, except where processes run. */
function removeEmpty(cgroup: string): void {
  try {
    for (const entry of readdirSync(cgroup, { withFileTypes: true }))
      if (entry.isDirectory()) removeEmpty(path.join(cgroup, entry.name));
    rmdirSync(cgroup);
  } catch {
    // It is in use, or gone already.
  }
}

/** Removes the cgroups that killed processes have left: those that nobody has locked. */
function removeLeft(home: string): void {
  for (const name of readdirSync(home).filter((one) => one.startsWith(PREFIX))) {
    const cgroup = path.join(home, name);
    try {
      const fd = openSync(cgroup, constants.O_DIRECTORY);
      if (lockFile(fd)) removeEmpty(cgroup);
      closeSync(fd);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}
