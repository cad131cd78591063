import { type BigIntStats, closeSync, fstatSync } from "node:fs";

import { openRegular } from "../ffi/open.js";
import { FileBytes } from "./bytes.js";
import { Elf } from "./elf.js";
import type { ElfSymbols } from "./elf-symbols.js";

/** Functions, and the file that their names are read from, if that is another file. */
export interface OpenSymbols {
  readonly symbols: ElfSymbols;
  close(): void;
}

/**
 * A file with code that processes run. It is held open, so it stays the same file after they have ended or another file
 * has taken its name.
 */
export class CodeFile {
  readonly fd: number;
  /** Device, inode, time of change and size: equal only for the same, unchanged file. */
  readonly identity: string;
  /** Device and inode as in `maps`. */
  readonly inode: string;
  /** Undefined if it is no readable ELF file. */
  readonly elf: Elf | undefined;
  readonly buildId: string | undefined;

  /** @param fd a regular file, which `close` closes too */
  constructor(fd: number) {
    this.fd = fd;
    const stat = fstatSync(fd, { bigint: true });
    this.identity = identityOf(fd);
    this.inode = inodeOf(stat);
    this.elf = readElf(fd, Number(stat.size));
    this.buildId = this.elf?.buildId;
  }

  /** Whether it is unchanged since it was opened. Otherwise its symbols are another program's. */
  get unchanged(): boolean {
    return identityOf(this.fd) === this.identity;
  }

  /**
   * All its functions; else those of its debug information in /usr/lib/debug; else its exported functions. Undefined if
   * there are none. The caller must close them.
   */
  openSymbols(): OpenSymbols | undefined {
    const own = (which: "full" | "dynamic"): OpenSymbols | undefined => {
      const symbols = readSymbols(this.elf, which);
      return symbols && { symbols, close() {} };
    };
    return own("full") ?? debugSymbols(this.buildId) ?? own("dynamic");
  }

  close(): void {
    closeSync(this.fd);
  }
}

export function identityOf(fd: number): string {
  const { dev, ino, mtimeNs, size } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}:${mtimeNs}:${size}`;
}

/** makedev(3): twelve bits of the device are its major number, the others its minor one. */
function inodeOf({ dev, ino }: BigIntStats): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  const two = (number: bigint): string => number.toString(16).padStart(2, "0");
  return `${two(major)}:${two(minor)} ${ino}`;
}

function readElf(fd: number, size: number): Elf | undefined {
  try {
    return new Elf(new FileBytes(fd, size));
  } catch {
    return undefined;
  }
}

function readSymbols(elf: Elf | undefined, which: "full" | "dynamic"): ElfSymbols | undefined {
  try {
    return elf?.symbols(which);
  } catch {
    return undefined; // damaged or truncated
  }
}

/** The debug information that distributions strip off, found by build id. */
function debugSymbols(buildId: string | undefined): OpenSymbols | undefined {
  if (buildId === undefined) return undefined;
  let fd: number;
  try {
    fd = openRegular(`/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`);
  } catch {
    return undefined;
  }
  const elf = readElf(fd, fstatSync(fd).size);
  const symbols = elf?.buildId === buildId ? readSymbols(elf, "full") : undefined;
  if (!symbols) closeSync(fd);
  return symbols && { symbols, close: () => closeSync(fd) };
}
