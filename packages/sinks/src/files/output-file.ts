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

/** What can be said of a file that is to be written. */
export interface OutputOptions {
  /** Replaces a file that is there already; not if not given, which is an error then. */
  readonly force?: boolean | undefined;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const MODE = 0o600;

/**
 * What a path that is written to stands for: a file that is new, or a pipe or a device that is there. All that this project
 * writes to paths is opened here. A file is created with mode 0600, and is locked while it is open: a second writer is
 * refused. Nothing is written through what belongs to a user who is neither this one nor root, and to no file that
 * was there: with `force` a new one takes its name.
 */
export class OutputFile {
  readonly path: string;
  readonly kind: Kind;
  readonly #directory: Directory;
  readonly #owned: Directory | undefined;
  readonly #name: string;
  readonly #force: boolean;
  /** A pipe or a device, until it is given out. */
  #early: number | undefined;
  /** What was created. */
  #created: Stats | undefined;

  /**
   * Looks whether it can be written, and touches nothing; a pipe or a device is opened. The caller closes it.
   * @param within the directory that it is in, where that is open already
   * @throws Error where it cannot be
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

  /** Opens it, once. The descriptor is the caller's to close. @throws Error where it cannot be opened */
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

  /** Lets go of what it holds; the descriptor that it gave out stays open. */
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

  /** Puts a new file in the place of the one that is there. Who looks sees one or the other, and each locked. */
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

  /** Opens and locks the file that is there, to replace it. */
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
 * Opens a file that is there, to change it in place, for as long as `use` runs: locked, and reached by no link of another
 * user's.
 * @throws Error where it is no file, or cannot be opened
 */
export function withExistingFile<T>(path: string, use: (fd: number) => T): T {
  const directory = directoryOf(path);
  let fd = -1;
  try {
    explained(path, () => {
      const at = directory.at(basename(path));
      const kind = kindOf(at);
      if (kind !== undefined && kind !== "file") throw new Error("it is no file");
      fd = openSync(at, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
      lock(fd);
    });
    return use(fd);
  } finally {
    if (fd >= 0) closeSync(fd);
    directory.close();
  }
}

type Kind = "file" | "pipe" | "device";

const EXISTS = "it exists already; give another path, or replace it with --force (in a script: force: true)";
const BUSY = "another process is writing to it";

/** What a path is that can be written to; undefined where nothing is there. @throws Error for what cannot */
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
  throw new Error(found.isDirectory() ? "it is a directory; give the path of a file" : "it is no file");
}

/** Opens what is there already, and is no file. */
function openStream(path: string, kind: Kind): number {
  const fd = openSync(path, kind === "pipe" ? O_WRONLY | O_NONBLOCK : O_WRONLY);
  const opened = fstatSync(fd);
  if (kind === "pipe" ? opened.isFIFO() : opened.isCharacterDevice()) return fd;
  closeSync(fd);
  throw new Error(BUSY);
}

/** A umask may have taken from the mode. */
function setMode(fd: number): void {
  try {
    fchmodSync(fd, MODE);
  } catch {
    // A file system without modes.
  }
}

function lock(fd: number): void {
  if (!lockFile(fd)) throw new Error(BUSY);
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** Opens the directory of a file that is to be written. The caller closes it. @throws Error where it cannot be opened */
export function directoryOf(path: string): Directory {
  return explained(path, () => new Directory(dirname(path)));
}

/** Does what opens a path, and says which where that fails. */
export function explained<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw writeError(path, code === "EEXIST" ? new Error(EXISTS) : (error as NodeJS.ErrnoException));
  }
}
