import { createHash } from "node:crypto";
import { closeSync, constants, openSync } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";

import { lockFile } from "@rxbpf/core/system";
import type { Directory } from "@rxbpf/sinks";

/** How far a recording was sent. */
export interface Reached {
  /** How many batches, and where the last ends in the file. */
  readonly batches: number;
  readonly end: number;
  /** How many events of its run were sent or given up, with those of earlier files. */
  readonly rows: number;
  /** The length of the file when all of it was sent and nothing more was to come. */
  readonly over?: number;
}

interface State {
  readonly target: string;
  /** By recording. Those whose file is gone are left out. */
  readonly recordings: Readonly<Record<string, Reached>>;
  /** How many events of each run were sent or given up, for the runs that have files. */
  readonly runs: Readonly<Record<string, number>>;
  /** The probes of which anything was sent. */
  readonly known: readonly string[];
}

/** How far a spool was sent to a target. It is kept in the spool, in a file that is replaced as a whole. */
export class Position {
  /** The target's address, without credentials. */
  readonly target: string;
  readonly recordings: Map<string, Reached>;
  readonly runs: Map<string, number>;
  readonly known: Set<string>;
  readonly #directory: Directory;
  readonly #name: string;
  readonly #lock: number;

  private constructor(directory: Directory, name: string, target: string, lock: number, state?: State) {
    this.#directory = directory;
    this.#name = name;
    this.target = target;
    this.#lock = lock;
    this.recordings = new Map(Object.entries(state?.recordings ?? {}));
    this.runs = new Map(Object.entries(state?.runs ?? {}));
    this.known = new Set(state?.known ?? []);
  }

  /**
   * Reads the position, and locks it until it is closed.
   * @param target the target's address without credentials
   * @throws Error if somebody else has it, or it cannot be read
   */
  static async open(directory: Directory, spool: string, target: string): Promise<Position> {
    const hash = createHash("sha256").update(target).digest("hex").slice(0, 16);
    const name = `.rxbpf-ship-${hash}`;
    const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
    const lock = openSync(directory.at(`${name}.lock`), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      if (!lockFile(lock))
        throw new Error(`Cannot ship ${spool}: another process sends it to ${target}; stop that one`);
      const file = `${name}.json`;
      return new Position(directory, file, target, lock, await readState(directory.at(file), `${spool}/${file}`));
    } catch (error) {
      closeSync(lock);
      throw error;
    }
  }

  /** Writes it, so that it outlasts a crash of the machine. */
  async save(): Promise<void> {
    const { recordings, runs, known } = this;
    const state: State = {
      target: this.target,
      recordings: Object.fromEntries(recordings),
      runs: Object.fromEntries(runs),
      known: [...known],
    };
    const next = this.#directory.at(`${this.#name}.next`);
    const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
    const file = await open(next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    try {
      await file.writeFile(JSON.stringify(state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.#directory.at(this.#name));
    await syncDirectory(this.#directory.at("."));
  }

  close(): void {
    closeSync(this.#lock);
  }
}

async function readState(path: string, shown: string): Promise<State | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const state = JSON.parse(text) as State;
    const { recordings, runs, known } = state;
    if (isObject(recordings) && isObject(runs) && Array.isArray(known)) return state;
  } catch {
    // Not JSON.
  }
  throw new Error(`Cannot read ${shown}: it is damaged; remove it to send everything again`);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
