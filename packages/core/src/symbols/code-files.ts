import { closeSync, fstatSync } from "node:fs";

import { SourceLines } from "../ffi/libdw.js";
import { openRegular, openRegularIn } from "../ffi/open.js";
import { CodeFile, identityOf, type OpenSymbols } from "./code-file.js";
import type { Place } from "./elf-symbols.js";
import { Lru } from "./lru.js";
import type { Region } from "./maps.js";
import type { Notify } from "./notices.js";

/** Of how many files the source lines are kept: libdw takes as much memory for one as its debug information has. */
const MOST_SOURCES = 16;

export interface CodeFilesOptions {
  /** How many are held open. */
  readonly files: number;
  /** Of the tables of their functions. */
  readonly symbolBytes: number;
  /** Whether to find source lines. */
  readonly sources: boolean;
  readonly notify: Notify;
}

/** The files that processes run code of, each opened once, and what was read of them. */
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

  /** The file that is mapped in a process that lives. Undefined where it cannot be had. */
  mapped(region: Region, folder: string): CodeFile | undefined {
    // While a file is held open its inode is not given to another one.
    const held = this.#byInode.get(region.inode!);
    if (held?.unchanged) return this.#files.get(held.identity);
    const fd = open(region, folder);
    return fd === undefined ? undefined : this.#keep(fd);
  }

  /** A file that is held open. */
  held(identity: string): CodeFile | undefined {
    return this.#files.get(identity);
  }

  /** A file that was held open, and is not any more, if it is still at its path here. */
  again(identity: string, path: string): CodeFile | undefined {
    const fd = tryTo(() => openRegular(path));
    if (fd === undefined) return undefined;
    if (identityOf(fd) === identity) return this.#keep(fd);
    closeSync(fd);
    return undefined;
  }

  /** The file at a path here, where it is the build that is meant. */
  built(path: string, buildId: string): CodeFile | undefined {
    const fd = tryTo(() => openRegular(path));
    const file = fd === undefined ? undefined : this.#keep(fd);
    return file?.buildId === buildId ? file : undefined;
  }

  /** The function at an address as the file counts them, and its source line where that was asked for. */
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
 * Through map_files it is the very file, whatever its name now stands for, and also where it was deleted. Where that is
 * refused (it takes CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN), what the path leads to for the process, if it is that file.
 */
function open(region: Region, folder: string): number | undefined {
  const name = `${region.start.toString(16)}-${region.end.toString(16)}`;
  const exact = tryTo(() => openRegular(`${folder}/map_files/${name}`));
  if (exact !== undefined) return exact;
  const fd = tryTo(() => openRegularIn(`${folder}/root`, region.path));
  // The devices may differ: those of some file systems are others to stat(2) than in `maps`.
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
