import { closeSync, constants, fstatSync, openSync, unlinkSync } from "node:fs";

import { stateOf } from "@rxbpf/core/events";
import { lockFile } from "@rxbpf/core/system";

import type { Directory } from "../files/directory.js";
import { readHead } from "./recording.js";

/** How much of a recording is kept. */
export interface Limits {
  /** How many files to keep, the newest; all by default. */
  readonly keep?: number | undefined;
  /** How many bytes to keep in all files together. The file that is being written is kept even if it alone has more. */
  readonly keepBytes?: number | undefined;
}

/** The finished files of a recording, of this run and of earlier ones. The oldest are removed. */
export class Kept {
  readonly #directory: Directory;
  readonly #probe: string;
  readonly #limits: Limits;
  /** The oldest first. */
  readonly #files: { readonly name: string; readonly bytes: number }[] = [];
  #bytes = 0;

  /**
   * @param names files that may belong to the recording, the oldest first; those belong that are this user's,
   * and recordings of the probe or empty
   */
  constructor(directory: Directory, names: readonly string[], probe: string, limits: Limits) {
    this.#directory = directory;
    this.#probe = probe;
    this.#limits = limits;
    for (const name of names) {
      const bytes = this.#open(name, (fd) => fstatSync(fd).size);
      if (bytes !== undefined) this.add(name, bytes);
    }
  }

  /** Adds a finished file. */
  add(name: string, bytes: number): void {
    this.#files.push({ name, bytes });
    this.#bytes += bytes;
  }

  /**
   * Removes the oldest files as far as the limits require. A file that is no longer such a recording, or that somebody
   * is writing, is left alone. `bytes` is the size of the file that is being written.
   * @throws Error if the kernel refuses
   */
  trim(bytes: number): void {
    const { keep = Infinity, keepBytes = Infinity } = this.#limits;
    while (this.#files.length > 0 && (this.#files.length >= keep || this.#bytes + bytes > keepBytes)) {
      const oldest = this.#files.shift()!;
      this.#bytes -= oldest.bytes;
      this.#open(oldest.name, (fd) => {
        if (lockFile(fd)) this.#remove(oldest.name);
      });
    }
  }

  #remove(name: string): void {
    try {
      unlinkSync(this.#directory.at(name));
    } catch (cause) {
      throw new Error(`Cannot remove the old recording ${name}: ${stateOf(cause)}`, { cause });
    }
  }

  /** Opens a file while `use` runs, if it is a recording of the probe that this user may remove. */
  #open<T>(name: string, use: (fd: number) => T): T | undefined {
    const fd = openIfThere(this.#directory.at(name));
    if (fd === undefined) return undefined;
    try {
      return this.#isOurs(fd, name) ? use(fd) : undefined;
    } finally {
      closeSync(fd);
    }
  }

  #isOurs(fd: number, name: string): boolean {
    const found = fstatSync(fd);
    if (!found.isFile() || found.uid !== process.geteuid!()) return false;
    // Whoever made it was killed before it wrote anything.
    if (found.size === 0) return true;
    try {
      return readHead(fd, name).info.probe === this.#probe;
    } catch {
      return false;
    }
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined; // gone, or we may not open it
  }
}
