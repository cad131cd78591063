import { constants, fchmodSync, fstatSync, openSync, rmSync, statSync } from "node:fs";
import { extname } from "node:path";

import { writeError } from "../output.js";

/** When a recording goes on in a new file, and how many of its files stay. */
export interface Rotation {
  /** Once a file has this many bytes. */
  readonly bytes?: number | undefined;
  /** Once a file is this old, in milliseconds. */
  readonly ms?: number | undefined;
  /** Only so many files are kept, the last ones; all if not given. */
  readonly keep?: number | undefined;
}

/** A file that was created for a part of a recording. */
export interface Part {
  readonly path: string;
  readonly fd: number;
  /** When it was created; and as `performance.now()`. */
  readonly created: Date;
  readonly since: number;
}

/** The files of a recording: one, or one after the other with a number in the name. */
export class Parts {
  readonly #path: string;
  readonly #rotation: Rotation | undefined;
  readonly #stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  readonly #kept: string[] = [];
  #count = 0;

  constructor(path: string, rotation: Rotation | undefined) {
    this.#path = path;
    this.#rotation = rotation;
  }

  /** Creates the next file, with mode 0600, and removes the one that is too many. @throws Error where it cannot */
  open(): Part {
    const path = this.#rotation ? this.#numbered() : this.#path;
    const part = { path, fd: create(path), created: new Date(), since: performance.now() };
    this.#kept.push(path);
    if (this.#rotation?.keep !== undefined && this.#kept.length > this.#rotation.keep)
      rmSync(this.#kept.shift()!, { force: true });
    return part;
  }

  /** Whether a file of this size is to be followed by another. */
  isFull({ since }: Part, size: number): boolean {
    const { bytes = Infinity, ms = Infinity } = this.#rotation ?? {};
    return size >= bytes || performance.now() - since >= ms;
  }

  #numbered(): string {
    const extension = extname(this.#path);
    const base = this.#path.slice(0, this.#path.length - extension.length);
    return `${base}-${this.#stamp}-${String(++this.#count).padStart(6, "0")}${extension}`;
  }
}

function create(path: string): number {
  const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFIFO())
      throw new Error(`Cannot write to ${path}: a recording needs a file, not a pipe`);
    const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
    // It may have been there, for others to read.
    if (fstatSync(fd).isFile()) fchmodSync(fd, 0o600);
    return fd;
  } catch (error) {
    throw "code" in (error as Error) ? writeError(path, error as NodeJS.ErrnoException) : error;
  }
}
