import type { CodeFile } from "./code-file.js";
import { CodeFiles } from "./code-files.js";
import { callSites, type Frame, hex, UNKNOWN } from "../values/frame.js";
import { KernelSymbols } from "./kernel.js";
import { once } from "./notices.js";
import { type Mapped, Processes, regionAt } from "./processes.js";
import { Vdso } from "./vdso.js";

/** Options of a symbolizer. */
export interface SymbolizerOptions {
  /** How many files of programs and libraries to hold open; 128 by default. */
  readonly files?: number;
  /** How many bytes the tables of their functions may take, at 16 per name; 64 MiB by default. */
  readonly symbolBytes?: number;
  /**
   * Whether to find source lines, if libdw.so.1 and debug information are installed; false by default. libdw reads the
   * files in this process and was not made for hostile files.
   */
  readonly sources?: boolean;
  /** Receives each reason why addresses cannot be named once, in one line. */
  readonly onNotice?: (text: string) => void;
}

/** Options for naming addresses. */
export interface NameOptions {
  /**
   * Set if the addresses are no stack, so that each is looked up as it is. In a stack, all but the first, the
   * innermost, are return addresses; the call is looked up, one byte earlier.
   */
  readonly exact?: boolean;
}

/**
 * A part of a process's memory with code of a file, described well enough to name its addresses later or on another
 * machine.
 */
export interface CodeMapping {
  readonly start: number;
  /** The address after the last byte. */
  readonly end: number;
  /** The offset of its first byte in the file. */
  readonly offset: number;
  /** The path in the process's mount namespace. */
  readonly path: string;
  /** The build id, in hex. */
  readonly buildId?: string;
}

/** 32-bit processes have another vDSO, below this address. */
const FOUR_GIB = 2 ** 32;

type Place = Omit<Frame, "address">;

/**
 * Names addresses: those of the kernel from /proc/kallsyms, those of processes from the files that they run and the
 * perf maps that they write. Nothing is read before it is needed, except what `note` reads of a living process.
 *
 * Files and maps are untrusted: only regular files are opened that are mapped or in the process's own root, and reading
 * is bounded. It keeps the most recently used 128 files and 64 MiB of tables; 4,096 code regions per process and 65,536
 * in all, of at most 1,024 processes; 65,536 characters of names per file. Of a file the first 1,048,576 functions are
 * read; of a perf map 64 MiB and 262,144 functions, with 64 MiB of tables for all perf maps.
 *
 * A process is found by its id in this process's /proc. Other users' processes need CAP_SYS_PTRACE, the kernel's
 * addresses CAP_SYSLOG. With CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE the mapped files themselves are opened, otherwise
 * their paths.
 */
export class Symbolizer {
  readonly #kernel: KernelSymbols;
  readonly #files: CodeFiles;
  readonly #processes: Processes;
  readonly #vdso = new Vdso();

  constructor({ files = 128, symbolBytes = 64 * 2 ** 20, sources = false, onNotice }: SymbolizerOptions = {}) {
    const notify = once(onNotice ?? (() => {}));
    this.#kernel = new KernelSymbols(notify);
    this.#files = new CodeFiles({ files, symbolBytes, sources, notify });
    this.#processes = new Processes(this.#files, notify);
  }

  /** Names the addresses of a kernel stack, innermost first. */
  kernel(stack: readonly bigint[], { exact = false }: NameOptions = {}): readonly Frame[] {
    return named(stack, exact, (site) => {
      const found = this.#kernel.find(site);
      return found ?? { name: UNKNOWN, offset: 0, module: "[kernel]" };
    });
  }

  /**
   * Notes what a process has mapped and opens those files, so that its addresses can be named after its end. May be
   * called often: if nothing has changed, it reads only one small file. Does nothing if there is no such process.
   */
  note(pid: number): void {
    this.#processes.note(pid);
  }

  /**
   * Names the addresses of a process's stack, innermost first. The process is the last noted one with this id, or if
   * none was noted, the one that has the id now.
   */
  user(pid: number, stack: readonly bigint[], { exact = false }: NameOptions = {}): readonly Frame[] {
    const regions = this.#processes.get(pid, stack)?.regions ?? [];
    return named(stack, exact, (site) => {
      const address = Number(site);
      const region = regionAt(regions, address);
      if (region && !region.made) return this.#inFile(pid, region, address);
      const made = this.#processes.findMade(pid, address);
      if (made) return { ...made, module: "[jit]" };
      if (region?.inode !== undefined) return this.#inFile(pid, region, address);
      return { name: UNKNOWN, offset: 0, module: region ? "[jit]" : UNKNOWN };
    });
  }

  /** The code that a process has mapped from files, as far as it was noted. A recording stores it for `recorded`. */
  mappings(pid: number): readonly CodeMapping[] {
    const regions = this.#processes.get(pid)?.regions ?? [];
    return regions
      .filter(({ made, inode }) => !made && inode !== undefined)
      .map(({ start, end, offset, path, buildId }) => ({
        start,
        end,
        offset,
        path,
        ...(buildId === undefined ? {} : { buildId }),
      }));
  }

  /**
   * Names the addresses of a recorded stack, innermost first, by the mappings of its process and the files at those
   * paths on this machine, if they are the same builds.
   */
  recorded(
    mappings: readonly CodeMapping[],
    stack: readonly bigint[],
    { exact = false }: NameOptions = {},
  ): readonly Frame[] {
    return named(stack, exact, (site) => {
      const address = Number(site);
      const mapping = mappings.find(({ start, end }) => start <= address && address < end);
      if (!mapping) return { name: UNKNOWN, offset: 0, module: UNKNOWN };
      const { path, buildId, offset, start } = mapping;
      const file = buildId === undefined ? undefined : this.#files.built(path, buildId);
      return this.#at(file, path, address - start + offset);
    });
  }

  /** Closes the files and forgets everything. */
  close(): void {
    this.#processes.close();
    this.#files.close();
  }

  #inFile(pid: number, region: Mapped, address: number): Place {
    const { start, offset, path } = region;
    const within = address - start + offset;
    if (path === "[vdso]" && address > FOUR_GIB)
      return { name: UNKNOWN, offset: within, ...this.#vdso.find(within), module: path };
    return this.#at(this.#processes.file(pid, region), path, within);
  }

  /** @param offset the byte's offset in the file */
  #at(file: CodeFile | undefined, path: string, offset: number): Place {
    const module = baseName(path);
    const address = file?.elf?.addressOf(offset);
    if (!file || address === undefined) return { name: UNKNOWN, offset, module };
    return { name: UNKNOWN, offset: address, ...this.#files.find(file, address), module };
  }
}

/** Names each address by its call site. The offset is that of the address itself. */
function named(stack: readonly bigint[], exact: boolean, find: (site: bigint) => Place): Frame[] {
  const sites = exact ? stack : callSites(stack);
  return stack.map((address, i) => {
    const { name, offset, module, source } = find(sites[i]!);
    const after = module === UNKNOWN ? 0 : Number(address - sites[i]!);
    const frame = { name: name || UNKNOWN, offset: offset + after, module, address: hex(address) };
    return source === undefined ? frame : { ...frame, source };
  });
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/ \(deleted\)$/, "") || UNKNOWN;
}
