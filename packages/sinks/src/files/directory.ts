import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  statfsSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

import { stateOf } from "@rxbpf/core/events";

const { O_DIRECTORY, O_NOFOLLOW, W_OK, X_OK } = constants;
/** Linux's, which Node does not name: to get at a directory that may not be listed is enough. */
const O_PATH = 0o10000000;
const PROC = 0x9fa0;
/** So many links are followed, as by the kernel. */
const MOST_LINKS = 40;

/** Only Linux lets a path begin at a directory that is open. */
const HOLDS = process.platform === "linux";

/**
 * A directory that is held open, so that nobody who can rename what leads to it can make it another. On other systems than
 * Linux, where recordings are only read and exported, it is the directory that its path leads to.
 */
export class Directory {
  readonly #path: string;
  #fd: number = -1;

  /**
   * Opens a directory. Links on the way are followed where root or this user owns them: with those of others, they would say
   * where is written.
   * @throws Error, with an `errno` where it comes from the kernel
   */
  constructor(path: string) {
    this.#path = path;
    if (HOLDS) this.#fd = walk(path);
    else if (!statSync(path).isDirectory()) throw new Error("it is in no directory");
  }

  /** A path to what has this name in it, until it is closed. */
  at(name: string): string {
    return HOLDS ? under(this.#fd, name) : join(this.#path, name);
  }

  /** @throws Error of the kernel's where nothing can be created in it */
  requireWritable(): void {
    accessSync(this.at("."), W_OK | X_OK);
  }

  /** The names in it. @throws Error of the kernel's */
  names(): string[] {
    return readdirSync(this.at("."));
  }

  /** May be called twice. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Whether what a user owns is not in the hands of somebody else. */
export function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function walk(path: string): number {
  // Step by step one could go where no path leads. What the kernel does not take is refused as it does.
  lstatSync(path, { throwIfNoEntry: false });
  const rest = namesOf(path);
  let fd = start(path);
  let links = 0;
  try {
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      const next = step(fd, name);
      if (typeof next === "string") {
        if (++links > MOST_LINKS) throw new Error("its path has too many links");
        rest.push(...namesOf(next));
        if (next.startsWith("/")) fd = replace(fd, start(next));
      } else fd = replace(fd, next);
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens what has a name in a directory; of a link gives where it leads. */
function step(directory: number, name: string): number | string {
  const path = under(directory, name);
  const found = lstatSync(path);
  if (!found.isSymbolicLink()) return openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  // The kernel's own links lead to what they stand for, whatever they say.
  if (statfsSync(under(directory, ".")).type === PROC) return openSync(path, O_PATH | O_DIRECTORY);
  if (!isTrusted(found.uid))
    throw new Error(`${name} is a link that user ${found.uid} owns; give the path that it leads to`);
  return readlinkSync(path);
}

function start(path: string): number {
  return openSync(path.startsWith("/") ? "/" : ".", O_PATH | O_DIRECTORY);
}

/** The names in a path, the last one first. */
function namesOf(path: string): string[] {
  return path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .reverse();
}

function replace(fd: number, next: number): number {
  closeSync(fd);
  return next;
}

function under(directory: number, name: string): string {
  return `/proc/self/fd/${directory}/${name}`;
}

/**
 * Makes a directory with mode 0700, and those that it is in, where they are missing.
 * @returns what removes those that were made, as long as nothing is in them
 * @throws Error where it cannot be made
 */
export function makeDirectory(path: string): () => void {
  try {
    const made = make(path);
    return () => remove(made);
  } catch (error) {
    throw new Error(`Cannot make the directory ${path}: ${stateOf(error)}`, { cause: error });
  }
}

/** Gives what was made, the innermost first. */
function make(path: string): string[] {
  try {
    new Directory(path).close();
    return [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const made = make(dirname(path));
  const parent = new Directory(dirname(path));
  try {
    mkdirSync(parent.at(basename(path)), { mode: 0o700 });
  } finally {
    parent.close();
  }
  return [path, ...made];
}

function remove(made: readonly string[]): void {
  try {
    for (const path of made) rmdirSync(path);
  } catch {
    // Something is in it.
  }
}
