import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { basename, dirname } from "node:path";

import { lockFile } from "@rxbpf/core/system";

import { Directory, isTrusted } from "./directory.js";
import { writeError } from "./errors.js";

/** Options for writing a file. */
export interface OutputOptions {
  /** Whether to replace an existing file. By default an existing file is an error. */
  readonly force?: boolean | undefined;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const MODE = 0o600;

/**
 * The target of a path to write to: a new file, or an existing pipe or device. All files that this project writes are
 * opened here. A file is created with mode 0600 and locked while it is open, so a second writer is refused. Nothing is
 * written through links, pipes or devices of users other than this one and root. Nothing is written into an existing
 * file: with `force`, a new file takes its name.
 */
export class OutputFile {
  readonly path: string;
  readonly kind: Kind;
  readonly #directory: Directory;
  readonly #owned: Directory | undefined;
  readonly #name: string;
  readonly #force: boolean;
  /** The descriptor of a pipe or a device, until `open` hands it out. */
  #early: number | undefined;
  /** The file that was created. */
  #created: Stats | undefined;

  /**
   * Checks that the path can be written, and touches nothing; a pipe or a device is opened. The caller must close it.
   * @param within the directory that it is in, if that is open already
   * @throws Error if it cannot be written
   */
  constructor(path: string, { force = false }: OutputOptions = {}, within?: Directory) {
    this.path = path;
    this.#force = force;
    this.#name = path.endsWith("/") ? "." : basename(path);
    this.#owned = within ? undefined : directoryOf(path);
    this.#directory = within ?? this.#owned!;
    try {
      this.kind = explained(path, () => this.#look());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Opens it, once. The caller must close the descriptor. @throws Error if it cannot be opened */
  open(): number {
    return explained(this.path, () => {
      const fd = this.#early ?? this.#make();
      this.#early = undefined;
      return fd;
    });
  }

  /** Removes the file that was created, if it is still there. */
  remove(): void {
    const found = lstatSync(this.#at, { throwIfNoEntry: false });
    if (found && this.#created && isSame(found, this.#created)) unlinkSync(this.#at);
  }

  /** Frees what it holds. A descriptor that it has handed out stays open. */
  close(): void {
    if (this.#early !== undefined) closeSync(this.#early);
    this.#early = undefined;
    this.#owned?.close();
  }

  get #at(): string {
    return this.#directory.at(this.#name);
  }

  #look(): Kind {
    const kind = kindOf(this.#at);
    if (kind === "pipe" || kind === "device") {
      this.#early = openStream(this.#at, kind);
      return kind;
    }
    if (kind === "file") closeSync(this.#takeOver());
    this.#directory.requireWritable();
    return "file";
  }

  #make(): number {
    const kind = kindOf(this.#at);
    if (kind === undefined) return this.#create();
    if (kind === "file") return this.#replace();
    throw new Error(BUSY);
  }

  #create(name: string = this.#name): number {
    const path = this.#directory.at(name);
    const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE);
    try {
      lock(fd);
      setMode(fd);
      this.#created = fstatSync(fd);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Replaces the existing file by a new one. Others see either the old or the new file, and each is locked. */
  #replace(): number {
    const before = this.#takeOver();
    const name = `.rxbpf-${randomBytes(8).toString("hex")}`;
    try {
      const fd = this.#create(name);
      try {
        renameSync(this.#directory.at(name), this.#at);
        return fd;
      } catch (error) {
        closeSync(fd);
        unlinkSync(this.#directory.at(name));
        throw error;
      }
    } finally {
      closeSync(before);
    }
  }

  /** Opens and locks the existing file, to replace it. */
  #takeOver(): number {
    if (!this.#force) throw new Error(EXISTS);
    const fd = openSync(this.#at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      lock(fd);
      const found = lstatSync(this.#at, { throwIfNoEntry: false });
      if (!found || !isSame(found, fstatSync(fd))) throw new Error(BUSY);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}

/**
 * Opens an existing file while `use` runs, to change it in place. The file is locked, and no other user's link is
 * followed.
 * @throws Error if it is no file, or cannot be opened
 */
export async function withExistingFile<T>(path: string, use: (fd: number) => Promise<T>): Promise<T> {
  const directory = directoryOf(path);
  let fd = -1;
  try {
    explained(path, () => {
      const at = directory.at(basename(path));
      const kind = kindOf(at);
      if (kind !== undefined && kind !== "file") throw new Error("it is not a file");
      fd = openSync(at, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
      lock(fd);
    });
    return await use(fd);
  } finally {
    if (fd >= 0) closeSync(fd);
    directory.close();
  }
}

type Kind = "file" | "pipe" | "device";

const EXISTS = "it exists already; give another path, or replace it with --force (in a script: force: true)";
const BUSY = "another process is writing to it";

/** The kind of an existing target; undefined if nothing is there. @throws Error if it cannot be written to */
function kindOf(path: string): Kind | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  const isLink = found.isSymbolicLink();
  const what = isLink ? "link" : "pipe";
  if ((isLink || found.isFIFO()) && !isTrusted(found.uid))
    throw new Error(`it is a ${what} that user ${found.uid} owns`);
  const led = isLink ? statSync(path, { throwIfNoEntry: false }) : found;
  if (led?.isFIFO()) return "pipe";
  if (led?.isCharacterDevice()) return "device";
  if (isLink) throw new Error("it is a link; give the path that it leads to");
  if (found.isFile()) return "file";
  throw new Error(found.isDirectory() ? "it is a directory; give the path of a file" : "it is not a file");
}

/** Opens an existing pipe or device. */
function openStream(path: string, kind: Kind): number {
  const fd = openSync(path, kind === "pipe" ? O_WRONLY | O_NONBLOCK : O_WRONLY);
  const opened = fstatSync(fd);
  if (kind === "pipe" ? opened.isFIFO() : opened.isCharacterDevice()) return fd;
  closeSync(fd);
  throw new Error(BUSY);
}

/** Sets the mode, as a umask may have narrowed it. */
function setMode(fd: number): void {
  try {
    fchmodSync(fd, MODE);
  } catch {
    // The file system has no modes.
  }
}

function lock(fd: number): void {
  if (!lockFile(fd)) throw new Error(BUSY);
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** Opens the directory of a file to be written. The caller must close it. @throws Error if it cannot be opened */
export function directoryOf(path: string): Directory {
  return explained(path, () => new Directory(dirname(path)));
}

/** Runs an action that opens a path. If it fails, the error names the path. */
export function explained<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw writeError(path, code === "EEXIST" ? new Error(EXISTS) : (error as NodeJS.ErrnoException));
  }
}
