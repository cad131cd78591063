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
/** A flag of Linux that Node does not name. It opens a directory even if this user may not list it. */
const O_PATH = 0o10000000;
const PROC = 0x9fa0;
/** How many links are followed: the kernel's limit. */
const MOST_LINKS = 40;

/** Only on Linux can a path begin at an open directory. */
const HOLDS = process.platform === "linux";

/**
 * A directory that is held open, so that nobody can replace it by renaming a directory on its path. On systems other
 * than Linux, where recordings are only read and exported, it is whatever directory the path leads to.
 */
export class Directory {
  readonly #path: string;
  #fd: number = -1;

  /**
   * Opens a directory. Links on the way are followed only if root or this user owns them; otherwise other users would
   * decide where we write.
   * @throws Error, with an `errno` if it comes from the kernel
   */
  constructor(path: string) {
    this.#path = path;
    if (HOLDS) this.#fd = walk(path);
    else if (!statSync(path).isDirectory()) throw new Error("it is in no directory");
  }

  /** A path to an entry of the directory, valid until it is closed. */
  at(name: string): string {
    return HOLDS ? under(this.#fd, name) : join(this.#path, name);
  }

  /** Checks that files can be created in it. @throws Error of the kernel's if they cannot */
  requireWritable(): void {
    accessSync(this.at("."), W_OK | X_OK);
  }

  /** The names of its entries. @throws Error of the kernel's */
  names(): string[] {
    return readdirSync(this.at("."));
  }

  /** May be called twice. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Whether a user can be trusted with what we write: root or this user. */
export function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function walk(path: string): number {
  // Let the kernel refuse a bad path first, as a walk step by step could accept one that the kernel does not.
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

/** Opens an entry of a directory; for a link, returns its target. */
function step(directory: number, name: string): number | string {
  const path = under(directory, name);
  const found = lstatSync(path);
  if (!found.isSymbolicLink()) return openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  // The kernel's own links lead to an object, whatever their text says.
  if (statfsSync(under(directory, ".")).type === PROC) return openSync(path, O_PATH | O_DIRECTORY);
  if (!isTrusted(found.uid))
    throw new Error(`${name} is a link that user ${found.uid} owns; give the path that it leads to`);
  return readlinkSync(path);
}

function start(path: string): number {
  return openSync(path.startsWith("/") ? "/" : ".", O_PATH | O_DIRECTORY);
}

/** The names in a path, last name first. */
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
 * Makes a directory and its missing parents, with mode 0700.
 * @returns a function that removes the directories that were made, as long as they are empty
 * @throws Error if it cannot be made
 */
export function makeDirectory(path: string): () => void {
  try {
    const made = make(path);
    return () => remove(made);
  } catch (error) {
    throw new Error(`Cannot make the directory ${path}: ${stateOf(error)}`, { cause: error });
  }
}

/** Returns the directories that were made, the innermost first. */
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
    // It is not empty.
  }
}
