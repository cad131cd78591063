import { closeSync, openSync } from "node:fs";

import { lazily, loadLibrary } from "./library.js";

/** libdw's functions under their own names. libdwfl.h documents them. */
const libdw = lazily(() => {
  const lib = loadLibrary("libdw.so.1", "libdw1");
  return {
    dwfl_begin: lib.func("void *dwfl_begin(const void *callbacks)"),
    dwfl_report_elf: lib.func(
      "void *dwfl_report_elf(void *dwfl, const char *name, const char *file_name, int fd, uint64_t base, bool add_p_vaddr)",
    ),
    dwfl_report_end: lib.func("int dwfl_report_end(void *dwfl, void *removed, void *arg)"),
    dwfl_module_getsrc: lib.func("void *dwfl_module_getsrc(void *module, uint64_t address)"),
    dwfl_lineinfo: lib.func(
      "const char *dwfl_lineinfo(void *line, void *address, _Out_ int *linep, void *colp, void *mtime, void *length)",
    ),
    dwfl_end: lib.func("void dwfl_end(void *dwfl)"),
    callbacks: callbacks(lib.symbol("dwfl_build_id_find_debuginfo", "char") as bigint),
  };
});

/**
 * Dwfl_Callbacks: find_elf, find_debuginfo, section_address, debuginfo_path. Debug information is only looked for in
 * /usr/lib/debug, by build id: not next to the file, and not on the network, as libdw would by default.
 */
function callbacks(findDebuginfo: bigint): Buffer {
  const pointers = Buffer.alloc(32);
  pointers.writeBigUInt64LE(findDebuginfo, 8);
  return pointers;
}

/**
 * The source lines of a file's code, from its DWARF. libdw reads the file in this process: it is well tested, but not
 * made for hostile files.
 */
export class SourceLines {
  readonly #dwfl: bigint;
  readonly #module: bigint;

  constructor(dwfl: bigint, module: bigint) {
    this.#dwfl = dwfl;
    this.#module = module;
  }

  /**
   * Opens the source lines of an open file; undefined if libdw cannot read it. The caller must close both.
   * @throws Error if libdw is missing
   */
  static open(file: number): SourceLines | undefined {
    const { dwfl_begin, dwfl_report_elf, dwfl_report_end, dwfl_end, callbacks } = libdw();
    // If libdw accepts the file, it owns the descriptor and closes it.
    const fd = openSync(`/proc/self/fd/${file}`, "r");
    const dwfl: bigint = dwfl_begin(callbacks);
    const module: bigint | null = dwfl_report_elf(dwfl, "", "", fd, 0, true);
    dwfl_report_end(dwfl, null, null);
    if (module) return new SourceLines(dwfl, module);
    closeSync(fd);
    dwfl_end(dwfl);
    return undefined;
  }

  /** The source line of an address of the file, such as `t.c:3`. */
  at(address: number): string | undefined {
    const { dwfl_module_getsrc, dwfl_lineinfo } = libdw();
    const line = dwfl_module_getsrc(this.#module, address);
    if (!line) return undefined;
    const number = [0];
    const file = dwfl_lineinfo(line, null, number, null, null, null) as string | null;
    return file === null ? undefined : `${file}:${number[0]}`;
  }

  /** Must be called only once. */
  close(): void {
    libdw().dwfl_end(this.#dwfl);
  }
}
