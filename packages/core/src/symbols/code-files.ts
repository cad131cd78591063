import { closeSync, fstatSync } from "node:fs";

import { SourceLines } from "../ffi/libdw.js";
import { openRegular, openRegularIn } from "../ffi/open.js";
import { CodeFile, identityOf, type OpenSymbols } from "./code-file.js";
import type { Place } from "./elf-symbols.js";
import { Lru } from "./lru.js";
import type { Region } from "./maps.js";
import type { Notify } from "./notices.js";

/** How many files' source lines are kept. For each, libdw takes as much memory as its debug information has. */
const MOST_SOURCES = 16;

export interface CodeFilesOptions {
  /** How many files are held open. */
  readonly files: number;
  /** How many bytes the tables of their functions take. */
  readonly symbolBytes: number;
  /** Whether to find source lines. */
  readonly sources: boolean;
  readonly notify: Notify;
}

/** The files with code that processes run, each opened once, with what was read of them. */
export class CodeFiles {
  /** By identity. */
  readonly #files: Lru<string, CodeFile>;
  readonly #byInode = new Map<string, CodeFile>();
  /** By identity; null for a file without functions. */
  readonly #symbols: Lru<string, OpenSymbols | null>;

  readonly #sources: boolean;
  readonly #notify: Notify;
  /** By identity; null for a file without debug information that can be read. */
  readonly #lines = new Lru<string, SourceLines | null>(
    MOST_SOURCES,
    () => 1,
    (lines) => lines?.close(),
  );

  constructor({ files, symbolBytes, sources, notify }: CodeFilesOptions) {
    this.#sources = sources;
    this.#notify = notify;
    this.#files = new Lru(
      files,
      () => 1,
      (file) => {
        this.#symbols.delete(file.identity);
        this.#lines.delete(file.identity);
        if (this.#byInode.get(file.inode) === file) this.#byInode.delete(file.inode);
        file.close();
      },
    );
    this.#symbols = new Lru(
      symbolBytes,
      (opened) => opened?.symbols.bytes ?? 64,
      (opened) => opened?.close(),
    );
  }

  /** The file that a living process has mapped. Undefined if it cannot be opened. */
  mapped(region: Region, folder: string): CodeFile | undefined {
    // While a file is held open, no other file can get its inode.
    const held = this.#byInode.get(region.inode!);
    if (held?.unchanged) return this.#files.get(held.identity);
    const fd = open(region, folder);
    return fd === undefined ? undefined : this.#keep(fd);
  }

  /** A file that is held open. */
  held(identity: string): CodeFile | undefined {
    return this.#files.get(identity);
  }

  /** Reopens a file that was held open before, if it is still at its path. */
  again(identity: string, path: string): CodeFile | undefined {
    const fd = tryTo(() => openRegular(path));
    if (fd === undefined) return undefined;
    if (identityOf(fd) === identity) return this.#keep(fd);
    closeSync(fd);
    return undefined;
  }

  /** The file at a path, if it has this build id. */
  built(path: string, buildId: string): CodeFile | undefined {
    const fd = tryTo(() => openRegular(path));
    const file = fd === undefined ? undefined : this.#keep(fd);
    return file?.buildId === buildId ? file : undefined;
  }

  /** The function at an address of the file, and its source line if source lines are wanted. */
  find(file: CodeFile, address: number): (Place & { readonly source?: string }) | undefined {
    const place = this.#symbolsOf(file)?.symbols.find(address);
    const source = place && this.#sources ? this.#linesOf(file)?.at(address) : undefined;
    return source === undefined ? place : { ...place!, source };
  }

  close(): void {
    this.#files.clear();
  }

  #keep(fd: number): CodeFile {
    const held = this.#files.get(identityOf(fd));
    if (held) {
      closeSync(fd);
      return held;
    }
    const file = new CodeFile(fd);
    this.#files.set(file.identity, file);
    this.#byInode.set(file.inode, file);
    return file;
  }

  #symbolsOf(file: CodeFile): OpenSymbols | null {
    let symbols = this.#symbols.get(file.identity);
    if (symbols === undefined) {
      symbols = file.openSymbols() ?? null;
      this.#symbols.set(file.identity, symbols);
    }
    return symbols;
  }

  #linesOf(file: CodeFile): SourceLines | null {
    let lines = this.#lines.get(file.identity);
    if (lines === undefined) {
      lines = null;
      try {
        lines = SourceLines.open(file.fd) ?? null;
      } catch (error) {
        this.#notify((error as Error).message);
      }
      this.#lines.set(file.identity, lines);
    }
    return lines;
  }
}

/**
 * map_files gives the mapped file itself, even if it was deleted or its name now stands for another file. If that is
 * refused (it needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN), the path is opened as the process sees it, and used if it
 * is that file.
 */
function open(region: Region, folder: string): number | undefined {
  const name = `${region.start.toString(16)}-${region.end.toString(16)}`;
  const exact = tryTo(() => openRegular(`${folder}/map_files/${name}`));
  if (exact !== undefined) return exact;
  const fd = tryTo(() => openRegularIn(`${folder}/root`, region.path));
  // Only inodes are compared: on some file systems stat(2) and `maps` show different devices.
  if (fd === undefined || region.inode?.endsWith(` ${fstatSync(fd, { bigint: true }).ino}`)) return fd;
  closeSync(fd);
  return undefined;
}

function tryTo<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
