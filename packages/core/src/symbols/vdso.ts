import { closeSync, openSync, readSync } from "node:fs";

import { MemoryBytes } from "./bytes.js";
import { Elf } from "./elf.js";
import type { ElfSymbols, Place } from "./elf-symbols.js";
import { readMaps } from "./maps.js";

/** The kernel's code in every process: an ELF file in memory, the same for all of one width; here of 64 bits. */
export class Vdso {
  /** Undefined until it was read, null where that failed. */
  #symbols: ElfSymbols | null | undefined;

  /** @param offset into the mapping, which is how the file counts addresses too */
  find(offset: number): Place | undefined {
    if (this.#symbols === undefined) this.#symbols = read() ?? null;
    return this.#symbols?.find(offset);
  }
}

/** Our own is read. */
function read(): ElfSymbols | undefined {
  try {
    const region = readMaps("/proc/self").find(({ path }) => path === "[vdso]");
    if (!region) return undefined;
    const bytes = Buffer.alloc(region.end - region.start);
    const fd = openSync("/proc/self/mem", "r");
    try {
      readSync(fd, bytes, 0, bytes.length, region.start);
    } finally {
      closeSync(fd);
    }
    return new Elf(new MemoryBytes(bytes)).symbols("dynamic");
  } catch {
    return undefined;
  }
}
