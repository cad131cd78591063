import { libc } from "./libc.js";

/** The number of the system call on x86-64. */
const SYS_MEMBARRIER = 324;
const MEMBARRIER_CMD_GLOBAL = 1;
/** How long to wait if the kernel refuses membarrier(2), as with `nohz_full`: no program runs that long. */
const SURELY_MS = 100;

/**
 * Calls back when every BPF program that runs now has ended, some tens of milliseconds later. membarrier(2), called in
 * another thread, waits for an RCU grace period, and no program outlives one.
 * @returns a function that cancels the call
 */
export function afterRunningPrograms(call: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let wanted = true;
  const done = (result: number): void => {
    if (!wanted) return;
    if (result === 0) call();
    else timer = setTimeout(call, SURELY_MS);
  };
  libc().membarrier.async(SYS_MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0, (error: Error | null, result: number) =>
    done(error ? -1 : result),
  );
  return () => {
    wanted = false;
    clearTimeout(timer);
  };
}
