import { closeSync, constants, lstatSync, openSync, type Stats, unlinkSync } from "node:fs";

import { lockFile } from "@rxbpf/core/system";
import { Directory, inOrder, readRecording, type Recording } from "@rxbpf/sinks";

/** How long a file must be unchanged before it is asked whether its writer is gone. A new file is locked long before. */
const QUIET_MS = 2000;

/** A recording in a spool. */
export interface Spooled {
  /** Its name in the directory. */
  readonly name: string;
  readonly recording: Recording;
  /** The same for every copy of it, and different for any other: its boot and when it began. */
  readonly id: string;
  /** The run that wrote it, which may have written other files before and after. */
  readonly run: string;
}

/** A directory of recordings, to which recorders may be writing. */
export class Spool {
  readonly path: string;
  readonly directory: Directory;
  readonly #tell: (message: string) => void;
  /** The files that were read, by name. */
  readonly #files = new Map<string, { readonly inode: number; readonly spooled: Spooled | undefined }>();

  /**
   * @param tell takes what a person should know
   * @throws Error if it cannot be opened
   */
  constructor(path: string, tell: (message: string) => void) {
    this.path = path;
    this.#tell = tell;
    try {
      this.directory = new Directory(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const state =
        code === "ENOENT" ? "there is no such directory" : code === "ENOTDIR" ? "it is no directory" : message;
      throw new Error(`Cannot ship ${path}: ${state}`, { cause: error });
    }
  }

  /** The recordings that are there now, run by run, each in the order of recording. */
  runs(): readonly (readonly Spooled[])[] {
    const names = this.directory.names().filter((name) => name.endsWith(".arrow"));
    for (const name of this.#files.keys()) if (!names.includes(name)) this.#files.delete(name);
    const all = names.flatMap((name) => this.#read(name) ?? []);
    const byPath = new Map(all.map((one) => [one.recording.path, one]));
    const runs = new Map<string, Spooled[]>();
    for (const { path } of inOrder(all.map(({ recording }) => recording))) {
      const one = byPath.get(path)!;
      const before = runs.get(one.run);
      if (before) before.push(one);
      else runs.set(one.run, [one]);
    }
    return [...runs.values()];
  }

  /** The length of a file in bytes; undefined if it is gone. */
  size({ name }: Spooled): number | undefined {
    return this.#find(name)?.size;
  }

  /** Whether nobody writes a file any more, though it was not finished. */
  isAbandoned({ name }: Spooled): boolean {
    const found = this.#find(name);
    if (!found || Date.now() - found.mtimeMs < QUIET_MS) return false;
    const fd = openSync(this.directory.at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return lockFile(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Removes a file. */
  remove({ name }: Spooled): void {
    if (this.#find(name)?.ino === this.#files.get(name)?.inode) unlinkSync(this.directory.at(name));
  }

  close(): void {
    this.directory.close();
  }

  #find(name: string): Stats | undefined {
    const found = lstatSync(this.directory.at(name), { throwIfNoEntry: false });
    return found?.isFile() ? found : undefined;
  }

  #read(name: string): Spooled | undefined {
    const found = this.#find(name);
    if (!found) return undefined;
    const before = this.#files.get(name);
    if (before?.inode === found.ino) return before.spooled;
    try {
      const recording = readRecording(this.directory.at(name));
      const { boot, probe, output, uptime, run } = recording.info;
      const id = [boot, probe, output, uptime].join("/");
      const spooled = { name, recording, id, run: [boot, probe, output, run || uptime].join("/") };
      if (probe === "") this.#tell(`${name} is not sent: its events were changed by operators, and are no probe's`);
      this.#files.set(name, { inode: found.ino, spooled: probe === "" ? undefined : spooled });
      return this.#files.get(name)!.spooled;
    } catch (error) {
      // Its writer may have only just begun.
      if (Date.now() - found.mtimeMs < QUIET_MS) return undefined;
      // An empty file is all that a killed recorder has left.
      if (found.size > 0)
        this.#tell(`${name} is not sent: ${(error as Error).message.replace(/^Cannot read [^:]*: /, "")}`);
      this.#files.set(name, { inode: found.ino, spooled: undefined });
      return undefined;
    }
  }
}
