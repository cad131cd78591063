import { type BigIntStats, closeSync, fstatSync } from "node:fs";

import { openRegular } from "../ffi/open.js";
import { FileBytes } from "./bytes.js";
import { Elf } from "./elf.js";
import type { ElfSymbols } from "./elf-symbols.js";

/** Functions, and the file that their names are read from where that is another one. */
export interface OpenSymbols {
  readonly symbols: ElfSymbols;
  close(): void;
}

/** A file that processes run code of, held open: so it is the same after they have ended or its name was given away. */
export class CodeFile {
  readonly fd: number;
  /** Device, inode, time of change and size: equal for two files only where they are one, unchanged. */
  readonly identity: string;
  /** Device and inode as in `maps`. */
  readonly inode: string;
  /** Undefined where it is no ELF file that can be read. */
  readonly elf: Elf | undefined;
  readonly buildId: string | undefined;

  /** @param fd of a regular file; it is closed with this */
  constructor(fd: number) {
    this.fd = fd;
    const stat = fstatSync(fd, { bigint: true });
    this.identity = identityOf(fd);
    this.inode = inodeOf(stat);
    this.elf = readElf(fd, Number(stat.size));
    this.buildId = this.elf?.buildId;
  }

  /** Whether it is as it was when it was opened: else what was read of it is of another program. */
  get unchanged(): boolean {
    return identityOf(this.fd) === this.identity;
  }

  /**
   * All its functions; or those that its debug information in /usr/lib/debug has; or those that it gives to others.
   * Undefined where there are none. Whoever calls closes them.
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
    return undefined; // damaged, or shorter than it says
  }
}

/** Where distributions put what they strip off, by the name of the build. */
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
