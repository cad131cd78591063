import { lstatSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import type { Directory } from "../files/directory.js";
import { directoryOf, explained, OutputFile, type OutputOptions } from "../files/output-file.js";
import { Kept, type Limits } from "./kept.js";
import { Names } from "./names.js";

/** When a recording goes on in a new file, and how much of it stays, counted over all runs that write to the same path. */
export interface Rotation extends Limits {
  /** Once a file has this many bytes. */
  readonly bytes?: number | undefined;
  /** Once a file is this old, in milliseconds. */
  readonly ms?: number | undefined;
}

/** A file that was created for a part of a recording. */
export interface Part {
  readonly path: string;
  readonly fd: number;
  /** When it was created, as `performance.now()`. */
  readonly since: number;
  /** Removes it, where it has come to nothing. */
  remove(): void;
}

/** The files of a recording: one, or one after the other with a number in the name. */
export interface Parts {
  /** Creates the next. @throws Error where it cannot */
  open(): Part;
  /** Whether a file of this size is to be followed by another. */
  isFull(part: Part, bytes: number): boolean;
  /** A file of the probe is begun: with those of earlier runs there may be too many now. @throws Error where one cannot be removed */
  begin(probe: string, bytes: number): void;
  /** The file that is written will have so many bytes: the oldest may have to go. @throws Error where one cannot be removed */
  trim(bytes: number): void;
  /** A part is finished. */
  add(part: Part, bytes: number): void;
  close(): void;
}

/** Sees to it that a recording can be written; creates nothing. @throws Error where it cannot be */
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

/** So many names are tried: whoever else may write to the directory can take those that come next. */
const MOST_TRIES = 1000;

class Several implements Parts {
  readonly #path: string;
  readonly #rotation: Rotation;
  readonly #directory: Directory;
  readonly #names: Names;
  /** Files that earlier runs may have written, the oldest first. */
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

  /** What is called as one of the files is, and is this user's. */
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

  /** The next path where nothing is. */
  #freePath(): string {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const name = this.#names.next();
      if (!lstatSync(this.#directory.at(name), { throwIfNoEntry: false })) return join(dirname(this.#path), name);
    }
    throw new Error(`Cannot write to ${this.#path}: the names that its next files would have are taken`);
  }
}

function partOf(file: OutputFile): Part {
  return { path: file.path, fd: file.open(), since: performance.now(), remove: () => file.remove() };
}
