import { libc } from "./libc.js";

/** Of x86-64. */
const SYS_MEMBARRIER = 324;
const MEMBARRIER_CMD_GLOBAL = 1;
/** Where the kernel cannot be asked, as one with `nohz_full`: no program runs that long. */
const SURELY_MS = 100;

/**
 * Calls back, some tens of milliseconds later, when every program that runs now has ended: membarrier(2) waits for an RCU grace
 * period in a thread of its own, and no program outlives one.
 * @returns a function that prevents the call
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
