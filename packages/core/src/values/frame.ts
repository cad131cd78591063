/**
 * A place in code that a stack goes through. Its strings come from untrusted files and processes: print them with
 * `printable`.
 */
export interface Frame {
  /** The function, demangled; `[unknown]` if no symbol covers the address. */
  readonly name: string;
  /**
   * Bytes from the start of the function. If the function is unknown, the address within the module as the module
   * counts; else 0.
   */
  readonly offset: number;
  /**
   * The file's name without its directory. In the kernel: `[kernel]`, the kernel module in brackets, or `[bpf]` for BPF
   * programs. Also `[jit]` for code that is in no file, `[vdso]`, and `[unknown]` if nothing is mapped there.
   */
  readonly module: string;
  /** The address in hex, as text, as it has 64 bits. */
  readonly address: string;
  /** File and line, `t.c:3`, if these were asked for and are known. */
  readonly source?: string;
}

/** The name of a function or module that is not known. */
export const UNKNOWN = "[unknown]";

export function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

/**
 * The addresses at which the functions of a stack are looked up, innermost first. All but the innermost are return
 * addresses. They are looked up one byte earlier, as the return address of a call that never returns may lie in the
 * next function.
 */
export function callSites(stack: readonly bigint[]): readonly bigint[] {
  return stack.map((address, i) => (i > 0 && address > 0n ? address - 1n : address));
}
