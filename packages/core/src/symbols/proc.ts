import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

import { openRegularIn } from "../ffi/open.js";
import { PerfMap } from "./perf-map.js";

const O_PATH = 0o10000000;
/** Clock ticks in a second, as /proc counts them. */
const TICKS = 100;

/**
 * Does something with /proc/PID of one process: the folder that is handed over is empty once that has ended, also
 * where its id is another's by then.
 * @returns undefined where there is no such process, or it ended or was not ours to see before all was done
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

/** What a process's /proc/PID/stat says: proc(5). */
export interface Stat {
  /** When it started, in clock ticks since the machine did. */
  readonly start: number;
  /** Changes when its memory is mapped otherwise, and when it becomes another program. */
  readonly fingerprint: string;
}

export function readStat(folder: string): Stat {
  const text = readFileSync(`${folder}/stat`, "latin1");
  // From the third field on; the second, a name in brackets, may have anything in it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): string => fields[number - 3] ?? "";
  return { start: Number(field(22)), fingerprint: [22, 23, 26, 27, 28].map(field).join(" ") };
}

/**
 * The perf map that a process itself wrote since it started: not what another user, or another process of that id, left
 * in its place. Whoever calls closes it.
 * @throws Error where there is none
 */
export function openPerfMap(folder: string, { start }: Stat): PerfMap {
  const status = readFileSync(`${folder}/status`, "latin1");
  const user = Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1]);
  // It names the file by the id that it has itself, which is the last of those in nested namespaces.
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

/** In Unix time. */
function startedMs(ticks: number): number {
  const uptime = parseFloat(readFileSync("/proc/uptime", "latin1"));
  return Date.now() - (uptime - ticks / TICKS) * 1000;
}
