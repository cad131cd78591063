import { closeSync, constants, fstatSync, openSync, unlinkSync } from "node:fs";

import { stateOf } from "@rxbpf/core/events";
import { lockFile } from "@rxbpf/core/system";

import type { Directory } from "../files/directory.js";
import { readHead } from "./recording.js";

/** How much of a recording stays. */
export interface Limits {
  /** So many files, the last ones; all if not given. */
  readonly keep?: number | undefined;
  /** So many bytes in all of them; more if the one that is written has more by itself. */
  readonly keepBytes?: number | undefined;
}

/** The files of a recording before the one that is written, of this run or of earlier ones. The oldest are removed. */
export class Kept {
  readonly #directory: Directory;
  readonly #probe: string;
  readonly #limits: Limits;
  /** The oldest first. */
  readonly #files: { readonly name: string; readonly bytes: number }[] = [];
  #bytes = 0;

  /** @param names of files that may be of the recording, the oldest first: those are that are recordings of the probe, and this user's */
  constructor(directory: Directory, names: readonly string[], probe: string, limits: Limits) {
    this.#directory = directory;
    this.#probe = probe;
    this.#limits = limits;
    for (const name of names) {
      const bytes = this.#open(name, (fd) => fstatSync(fd).size);
      if (bytes !== undefined) this.add(name, bytes);
    }
  }

  /** A file is finished. */
  add(name: string, bytes: number): void {
    this.#files.push({ name, bytes });
    this.#bytes += bytes;
  }

  /**
   * Removes what is too much beside the one that is written, which has so many bytes. What is no longer a recording of this
   * kind, or is being written by somebody, is left alone.
   * @throws Error where the kernel refuses
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
      throw new Error(`Cannot remove ${name}, of which enough are kept: ${stateOf(cause)}`, { cause });
    }
  }

  /** Opens a file for as long as `use` runs, if it is a recording of the probe that this user may remove. */
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
    return undefined; // gone, or not for us to see
  }
}
