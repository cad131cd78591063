/**
 * A place in code that a stack goes through. Its strings come from files and processes that nobody vouches for: print
 * them with `printable`.
 */
export interface Frame {
  /** The function, demangled, and `[unknown]` where no symbol covers the address. */
  readonly name: string;
  /** Bytes into the function; where that is unknown, into the module as its own addresses count; else 0. */
  readonly offset: number;
  /**
   * The file's name without its folder; in the kernel `[kernel]` or the module in brackets, `[bpf]` for BPF programs;
   * `[jit]` for code in no file, `[vdso]`, and `[unknown]` where nothing is mapped.
   */
  readonly module: string;
  /** In hex, as text: it has 64 bits. */
  readonly address: string;
  /** File and line, `t.c:3`, where these were asked for and known. */
  readonly source?: string;
}

/** The name of what has none. */
export const UNKNOWN = "[unknown]";

export function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

/**
 * The addresses at which the functions of a stack are looked up, innermost first. All but the innermost are where a call
 * returns to: after a call that never returns that is the next function, so they are looked up a byte earlier.
 */
export function callSites(stack: readonly bigint[]): readonly bigint[] {
  return stack.map((address, i) => (i > 0 && address > 0n ? address - 1n : address));
}
