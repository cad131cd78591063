import { CodeFiles } from "./code-files.js";
import { callSites, type Frame, hex, UNKNOWN } from "./frame.js";
import { KernelSymbols } from "./kernel.js";
import { type Mapped, Processes, regionAt } from "./processes.js";
import { type Notify, once } from "./notices.js";
import { Vdso } from "./vdso.js";

/** What a symbolizer may hold, and what it tells. */
export interface SymbolizerOptions {
  /** How many files of programs and libraries are held open; 128 where it is not given. */
  readonly files?: number;
  /** How many bytes the tables of their functions take, at 16 a function; 64 MiB where it is not given. */
  readonly symbolBytes?: number;
  /** Told once, in a line, what keeps addresses from being named. */
  readonly onNotice?: (text: string) => void;
}

export interface NameOptions {
  /**
   * The addresses are no stack: each is looked up as it is. Of a stack all but the first, the innermost, are where calls
   * return to, and the call is what is looked up, a byte before.
   */
  readonly exact?: boolean;
}

/** 32-bit processes have another vDSO, below this. */
const FOUR_GIB = 2 ** 32;

/**
 * Names addresses: the kernel's from /proc/kallsyms, those of processes from the files that they run and the perf maps
 * that they write. Nothing is read before someone asks, but for what `note` reads of a process while it lives.
 *
 * Files and maps are taken as hostile: only regular files are opened, in the process's own root, and what is read of
 * them is bounded. Kept are the 128 files and 64 MiB of tables that were used last; 4,096 regions of code of a process
 * and 65,536 of all, of at most 1,024 processes; of perf maps 64 MiB, 262,144 functions and 64 MiB of tables; 8 MiB of
 * names. A file's first 1,048,576 functions are read, which takes about a third of a second once.
 *
 * A process is found by the id that it has in this process's /proc. To see those of other users takes CAP_SYS_PTRACE,
 * the kernel's addresses CAP_SYSLOG.
 */
export class Symbolizer {
  readonly #kernel: KernelSymbols;
  readonly #files: CodeFiles;
  readonly #processes: Processes;
  readonly #vdso = new Vdso();

  constructor({ files = 128, symbolBytes = 64 * 2 ** 20, onNotice = () => {} }: SymbolizerOptions = {}) {
    const notify: Notify = once(onNotice);
    this.#kernel = new KernelSymbols(notify);
    this.#files = new CodeFiles(files, symbolBytes);
    this.#processes = new Processes(this.#files);
  }

  /** Names the addresses of a kernel stack, innermost first. */
  kernel(stack: readonly bigint[], { exact = false }: NameOptions = {}): readonly Frame[] {
    const sites = exact ? stack : callSites(stack);
    return stack.map((address, i) => {
      const found = this.#kernel.find(sites[i]!);
      const offset = found ? found.offset + Number(address - sites[i]!) : 0;
      return { name: found?.name ?? UNKNOWN, offset, module: found?.module ?? "[kernel]", address: hex(address) };
    });
  }

  /**
   * Notes what a process has mapped, and opens those files, so that its addresses can be named after its end. May be
   * called often: where nothing has changed it reads one small file. Where there is no such process nothing is done.
   */
  note(pid: number): void {
    this.#processes.note(pid);
  }

  /** Names the addresses of a stack of the process that was last noted, or else has the id now, innermost first. */
  user(pid: number, stack: readonly bigint[], { exact = false }: NameOptions = {}): readonly Frame[] {
    const regions = this.#processes.get(pid)?.regions ?? [];
    const sites = exact ? stack : callSites(stack);
    return stack.map((address, i) => {
      const after = Number(address - sites[i]!);
      const { name, offset, module } = this.#find(pid, regions, Number(sites[i]));
      return { name, offset: offset + after, module, address: hex(address) };
    });
  }

  /** Closes the files, and forgets all. */
  close(): void {
    this.#processes.close();
    this.#files.close();
  }

  #find(pid: number, regions: readonly Mapped[], address: number): Pick<Frame, "name" | "offset" | "module"> {
    const region = regionAt(regions, address);
    if (!region || region.made) {
      const made = this.#processes.findMade(pid, address);
      if (made) return { ...made, module: "[jit]" };
      if (!region) return { name: UNKNOWN, offset: 0, module: UNKNOWN };
      if (region.inode === undefined) return { name: UNKNOWN, offset: 0, module: "[jit]" };
    }
    const within = address - region.start + region.offset;
    if (region.path === "[vdso]" && address > FOUR_GIB)
      return { name: UNKNOWN, offset: within, ...this.#vdso.find(within), module: "[vdso]" };
    const module = baseName(region.path);
    const file = region.identity === undefined ? undefined : this.#files.known(region.identity, region.path);
    const at = file?.elf?.addressOf(within);
    if (!file || at === undefined) return { name: UNKNOWN, offset: within, module };
    return { name: UNKNOWN, offset: at, ...this.#files.find(file, at), module };
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/ \(deleted\)$/, "") || UNKNOWN;
}
