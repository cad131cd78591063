import { type Frame, UNKNOWN } from "./frame.js";

/** Functions in which programs and threads begin: in glibc, musl, the dynamic linker, and Go. */
const BEGINNINGS = new Set([
  "_start",
  "_start_c",
  "_dl_start_user",
  "__libc_start_main",
  "__libc_start_main_impl",
  "__libc_start_call_main",
  "libc_start_main_stage2",
  "clone",
  "clone3",
  "start_thread",
  "start",
  "runtime.goexit",
  "runtime.mcall",
  "runtime.mstart",
  "runtime.rt0_go",
  "runtime.systemstack",
]);

/**
 * Whether a user stack looks cut short: its outermost function is not one in which a program or a thread begins. The
 * kernel follows frame pointers. So a stack ends at code that was compiled without them or uses the register for
 * something else, and the callers of that code are missing. If the C library has no symbols for the function that calls
 * `main`, as Debian's without libc6-dbg, the caller of `main` is taken for that function; threads that such a library
 * starts look cut.
 */
export function looksCut(stack: readonly Frame[]): boolean {
  const last = stack.at(-1);
  if (!last) return false;
  if (last.name === UNKNOWN && last.module !== UNKNOWN) return stack.at(-2)?.name !== "main";
  return !BEGINNINGS.has(last.name.replace(/^_+(?=clone)/, "").replace(/\.abi0$/, ""));
}
