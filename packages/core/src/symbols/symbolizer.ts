import type { CodeFile } from "./code-file.js";
import { CodeFiles } from "./code-files.js";
import { callSites, type Frame, hex, UNKNOWN } from "../values/frame.js";
import { KernelSymbols } from "./kernel.js";
import { once } from "./notices.js";
import { type Mapped, Processes, regionAt } from "./processes.js";
import { Vdso } from "./vdso.js";

/** What a symbolizer may hold, and what it tells. */
export interface SymbolizerOptions {
  /** How many files of programs and libraries are held open; 128 where it is not given. */
  readonly files?: number;
  /** How many bytes the tables of their functions take, at 16 a name; 64 MiB where it is not given. */
  readonly symbolBytes?: number;
  /**
   * Whether to name source lines, where libdw.so.1 and debug information are there; not, where it is not given. libdw
   * reads the files in this process, and was not made for hostile ones.
   */
  readonly sources?: boolean;
  /** Told once, in a line, what keeps addresses from being named. */
  readonly onNotice?: (text: string) => void;
}

/** How addresses are named. */
export interface NameOptions {
  /**
   * The addresses are no stack: each is looked up as it is. Of a stack all but the first, the innermost, are where calls
   * return to, and the call is what is looked up, a byte before.
   */
  readonly exact?: boolean;
}

/** A part of a process's memory with code of a file: what it takes to name its addresses elsewhere, or later. */
export interface CodeMapping {
  readonly start: number;
  /** After the last byte. */
  readonly end: number;
  /** Of its first byte in the file. */
  readonly offset: number;
  /** As the process's mount namespace has it. */
  readonly path: string;
  /** What the linker calls this build, in hex. */
  readonly buildId?: string;
}

/** 32-bit processes have another vDSO, below this. */
const FOUR_GIB = 2 ** 32;

type Place = Omit<Frame, "address">;

/**
 * Names addresses: the kernel's from /proc/kallsyms, those of processes from the files that they run and the perf maps
 * that they write. Nothing is read before someone asks, but for what `note` reads of a process while it lives.
 *
 * Files and maps are taken as hostile: only regular files are opened, those that are mapped or in the process's own
 * root, and what is read of them is bounded. Kept are the 128 files and 64 MiB of tables that were used last; 4,096
 * regions of code of a process and 65,536 of all, of at most 1,024 processes; of perf maps 64 MiB and 262,144 functions
 * each, and 64 MiB of tables; 65,536 characters of names of a file. A file's first 1,048,576 functions are read.
 *
 * A process is found by the id that it has in this process's /proc. Those of other users take CAP_SYS_PTRACE, the
 * kernel's addresses CAP_SYSLOG; files are found by what is mapped with CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, else
 * by path.
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
   * Notes what a process has mapped, and opens those files, so that its addresses can be named after its end. May be
   * called often: where nothing has changed it reads one small file. Where there is no such process nothing is done.
   */
  note(pid: number): void {
    this.#processes.note(pid);
  }

  /**
   * Names the addresses of a stack, innermost first, of the process with that id that was last noted; of the one that
   * has it now, where none was.
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

  /** The code that a process has mapped from files, as far as that was noted; what a recording needs, for `recorded`. */
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
   * Names the addresses of a stack, innermost first, of a process of which only mappings are known, from a recording:
   * from the files at those paths here, where they are the same builds.
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

  /** Closes the files, and forgets all. */
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

  /** @param offset of the byte in the file */
  #at(file: CodeFile | undefined, path: string, offset: number): Place {
    const module = baseName(path);
    const address = file?.elf?.addressOf(offset);
    if (!file || address === undefined) return { name: UNKNOWN, offset, module };
    return { name: UNKNOWN, offset: address, ...this.#files.find(file, address), module };
  }
}

/** Names each address by where it was called from, and says how far in the function it is itself. */
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
