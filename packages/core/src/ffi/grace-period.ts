import { libc } from "./libc.js";

const SYS_MEMBARRIER = { x64: 324, arm64: 283 } as const;
const MEMBARRIER_CMD_GLOBAL = 1;
/** Where the kernel cannot be asked, as one with `nohz_full`: no program runs that long. */
const SURELY_MS = 100;

/**
 * Calls back when every program that runs now has ended. membarrier(2) waits for an RCU grace period, within which programs run.
 * Some tens of milliseconds, in a thread of their own.
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
  const number = SYS_MEMBARRIER[process.arch as keyof typeof SYS_MEMBARRIER];
  libc().membarrier.async(number, MEMBARRIER_CMD_GLOBAL, 0, 0, (error: Error | null, result: number) =>
    done(error ? -1 : result),
  );
  return () => {
    wanted = false;
    clearTimeout(timer);
  };
}
