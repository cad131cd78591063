import { lstatSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import type { Directory } from "../files/directory.js";
import { directoryOf, explained, OutputFile, type OutputOptions } from "../files/output-file.js";
import { Kept, type Limits } from "./kept.js";
import { Names } from "./names.js";

/** When a recording continues in a new file, and how much is kept, over all runs that write to the same path. */
export interface Rotation extends Limits {
  /** Begins a new file once the present one has this many bytes. */
  readonly bytes?: number | undefined;
  /** Begins a new file once the present one is this old, in milliseconds. */
  readonly ms?: number | undefined;
}

/** A file for a part of a recording. */
export interface Part {
  readonly path: string;
  readonly fd: number;
  /** When it was created, as `performance.now()`. */
  readonly since: number;
  /** Removes the file, if the recording has failed. */
  remove(): void;
}

/** The files of a recording: one, or several with numbers in their names. */
export interface Parts {
  /** Creates the next file. @throws Error if it cannot be created */
  open(): Part;
  /** Whether to go on in another file after this size. */
  isFull(part: Part, bytes: number): boolean;
  /**
   * To be called when a file of the probe is begun. Removes files that are too many now, of earlier runs too. @throws
   * Error if one cannot be removed
   */
  begin(probe: string, bytes: number): void;
  /**
   * To be called when the present file is about to grow to this many bytes. Removes the oldest files if need be.
   * @throws Error if one cannot be removed
   */
  trim(bytes: number): void;
  /** Adds a finished part. */
  add(part: Part, bytes: number): void;
  close(): void;
}

/** Checks that a recording can be written, and creates nothing. @throws Error if it cannot */
export function partsAt(path: string, rotation: Rotation | undefined, options: OutputOptions): Parts {
  return rotation ? new Several(path, rotation) : new One(path, options);
}

class One implements Parts {
  readonly #file: OutputFile;

  constructor(path: string, options: OutputOptions) {
    this.#file = new OutputFile(path, options);
    if (this.#file.kind !== "pipe") return;
    this.close();
    throw new Error(`Cannot write to ${path}: a recording needs a file, not a pipe`);
  }

  open(): Part {
    return partOf(this.#file);
  }

  isFull(): boolean {
    return false;
  }

  begin(): void {}
  trim(): void {}
  add(): void {}

  close(): void {
    this.#file.close();
  }
}

/** How many names to try, as others who may write to the directory can take the next ones. */
const MOST_TRIES = 1000;

class Several implements Parts {
  readonly #path: string;
  readonly #rotation: Rotation;
  readonly #directory: Directory;
  readonly #names: Names;
  /** Files that earlier runs may have left, the oldest first. */
  readonly #before: readonly string[];
  #kept: Kept | undefined;

  constructor(path: string, rotation: Rotation) {
    this.#path = path;
    this.#rotation = rotation;
    this.#names = new Names(path);
    this.#directory = directoryOf(path);
    try {
      explained(path, () => this.#directory.requireWritable());
      this.#before = this.#list();
      this.#names.goOnAfter(this.#before.at(-1) ?? "");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  open(): Part {
    return partOf(new OutputFile(this.#freePath(), {}, this.#directory));
  }

  isFull({ since }: Part, size: number): boolean {
    const { bytes = Infinity, ms = Infinity } = this.#rotation;
    return size >= bytes || performance.now() - since >= ms;
  }

  begin(probe: string, bytes: number): void {
    const { keep, keepBytes } = this.#rotation;
    if (keep === undefined && keepBytes === undefined) return;
    this.#kept ??= new Kept(this.#directory, this.#before, probe, this.#rotation);
    this.#kept.trim(bytes);
  }

  trim(bytes: number): void {
    this.#kept?.trim(bytes);
  }

  add({ path }: Part, bytes: number): void {
    this.#kept?.add(basename(path), bytes);
  }

  close(): void {
    this.#directory.close();
  }

  /** This user's files that are named like files of the recording. */
  #list(): string[] {
    const isOurs = (name: string): boolean => {
      const found = lstatSync(this.#directory.at(name), { throwIfNoEntry: false });
      return found?.isFile() === true && found.uid === process.geteuid!();
    };
    return this.#directory
      .names()
      .filter((name) => this.#names.has(name) && isOurs(name))
      .sort();
  }

  /** The next path that is free. */
  #freePath(): string {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const name = this.#names.next();
      if (!lstatSync(this.#directory.at(name), { throwIfNoEntry: false })) return join(dirname(this.#path), name);
    }
    throw new Error(
      `Cannot write to ${this.#path}: the next ${MOST_TRIES} file names are taken; remove these files or give another path`,
    );
  }
}

function partOf(file: OutputFile): Part {
  return { path: file.path, fd: file.open(), since: performance.now(), remove: () => file.remove() };
}
