import { closeSync, openSync, readSync } from "node:fs";

import { MemoryBytes } from "./bytes.js";
import { Elf } from "./elf.js";
import type { ElfSymbols, Place } from "./elf-symbols.js";
import { readMaps } from "./maps.js";

/** The vDSO, which the kernel maps into every process: an ELF file in memory, the same for all 64-bit processes. */
export class Vdso {
  /** Undefined until it is read, null if that failed. */
  #symbols: ElfSymbols | null | undefined;

  /** @param offset in the mapping, which equals the file's own address */
  find(offset: number): Place | undefined {
    if (this.#symbols === undefined) this.#symbols = read() ?? null;
    return this.#symbols?.find(offset);
  }
}

/** Reads this process's own vDSO. */
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
