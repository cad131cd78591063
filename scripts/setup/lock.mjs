import { spawnSync } from "node:child_process";

/** The exit status that flock is asked to use if the lock is taken. */
const BUSY = 75;

/**
 * Runs a command while nothing else sets up this clone. The lock is the kernel's, on the clone's folder, so it goes if
 * the command is killed.
 * @returns the command's status
 */
export function underLock(command) {
  const flock = (...options) => spawnSync("flock", [...options, ".", ...command], { stdio: "inherit" });
  const { error, status } = flock("--nonblock", "--conflict-exit-code", String(BUSY));
  if (error) throw new Error(`Cannot set up: ${error.message}; install util-linux, which has flock`);
  if (status !== BUSY) return status ?? 1;
  console.error("Waiting for another set-up of this clone");
  return flock().status ?? 1;
}
