import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

import { openRegularIn } from "../ffi/open.js";
import { PerfMap } from "./perf-map.js";

const O_PATH = 0o10000000;
/** Clock ticks per second in /proc. */
const TICKS = 100;

/**
 * Runs an action with the /proc directory of one process. The directory is empty once the process has ended, even if
 * another process has its id by then.
 * @returns undefined if there is no such process, if it ended before the action was done, or if we may not inspect it
 */
export function inProcess<T>(pid: number, action: (folder: string) => T): T | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${pid}`, O_PATH | constants.O_DIRECTORY);
    return action(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Facts from a process's /proc/PID/stat: proc(5). */
export interface Stat {
  /** When it started, in clock ticks since boot. */
  readonly start: number;
  /** Changes when its memory mappings change, and at an exec. */
  readonly fingerprint: string;
}

export function readStat(folder: string): Stat {
  const text = readFileSync(`${folder}/stat`, "latin1");
  // Fields from the third on. The second, a name in brackets, may contain anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): string => fields[number - 3] ?? "";
  return { start: Number(field(22)), fingerprint: [22, 23, 26, 27, 28].map(field).join(" ") };
}

/**
 * Opens the perf map that a process has written since it started, but not a file that another user or an earlier
 * process with that id has left there. The caller must close it.
 * @throws Error if there is none
 */
export function openPerfMap(folder: string, { start }: Stat): PerfMap {
  const status = readFileSync(`${folder}/status`, "latin1");
  const user = Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1]);
  // The process names the file by its own pid, which is the last in nested namespaces.
  const pid = /^NSpid:.*?(\d+)$/m.exec(status)?.[1];
  const path = `/tmp/perf-${pid}.map`;
  const fd = openRegularIn(`${folder}/root`, path);
  try {
    const { uid, mtimeMs } = fstatSync(fd);
    if (uid !== 0 && uid !== user) throw new Error(`Cannot read ${path}: it belongs to user ${uid}, not ${user}`);
    if (mtimeMs < startedMs(start) - 1000) throw new Error(`Cannot read ${path}: it is older than the process`);
    return new PerfMap(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The start of a process in Unix milliseconds. */
function startedMs(ticks: number): number {
  const uptime = parseFloat(readFileSync("/proc/uptime", "latin1"));
  return Date.now() - (uptime - ticks / TICKS) * 1000;
}
