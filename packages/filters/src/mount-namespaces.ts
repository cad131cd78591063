import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

import { textOf } from "@rxbpf/core";

import { errorCode, isMissing } from "./file-systems.js";
import { requireOwnProc } from "./proc.js";

/** What /proc/PID/ns/KIND links to. */
const NAMESPACE = /^(\w+):\[(\d+)\]$/;

/** A process, by what tells it apart for a person. */
export interface Process {
  readonly pid: number;
  /** Set by the process itself: nothing to trust. */
  readonly comm: string;
}

/**
 * Whether a number is one that the kernel gives to namespaces: 0xF0000000 and up, and fixed
 * ones just below for those it boots with (for the mount namespace since kernel 6.18).
 * No cgroup has such an id, as the low half of those stays below 0x80000000.
 */
export function isNamespaceId(id: number): boolean {
  return id >= 0xeffffff8 && id <= 0xffffffff;
}

/** The id of the mount namespace that a process is in. @throws Error */
export function mountNamespaceOfProcess(pid: number): number {
  requireOwnProc(`find the mount namespace of process ${pid}`);
  if (!existsSync(`/proc/${pid}`))
    throw new Error(`Cannot find the mount namespace of process ${pid}: there is no such process`);
  return mountNamespaceId(`/proc/${pid}/ns/mnt`);
}

/** The id of the mount namespace at a path like /proc/PID/ns/mnt. @throws Error where it is none */
export function mountNamespaceId(path: string): number {
  const fail = (state: string, cause?: unknown): never => {
    throw new Error(`Cannot get the id of the mount namespace at ${path}: ${state}`, { cause });
  };
  let link: string;
  try {
    link = readlinkSync(path);
  } catch (error) {
    if (isMissing(error)) return fail("there is no such path", error);
    if (errorCode(error) === "EACCES")
      return fail("of another user's process only who has CAP_SYS_PTRACE may ask; run as root, or grant it", error);
    if (errorCode(error) === "EINVAL") return fail("it is no namespace; give a path like /proc/PID/ns/mnt", error);
    throw error;
  }
  const [, kind, id] = NAMESPACE.exec(link) ?? fail("it is no namespace; give a path like /proc/PID/ns/mnt");
  if (kind !== "mnt") return fail(`it is a namespace of another kind, ${kind}`);
  return Number(id);
}

/**
 * All mount namespaces that a process is in, each with its processes, by their main threads and ids in /proc.
 * Processes that this one may not inspect are left out, and so are those outside of a pid namespace that it is in.
 */
export function liveMountNamespaces(): Map<number, Process[]> {
  const found = new Map<number, Process[]>();
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
  for (const pid of pids.sort((a, b) => a - b)) {
    try {
      const id = Number(NAMESPACE.exec(readlinkSync(`/proc/${pid}/ns/mnt`))?.[2]);
      const comm = textOf(readFileSync(`/proc/${pid}/comm`)).replace(/\n$/, "");
      const processes = found.get(id) ?? [];
      processes.push({ pid, comm });
      found.set(id, processes);
    } catch (error) {
      if (!isMissing(error) && !["EACCES", "EPERM"].includes(errorCode(error))) throw error;
    }
  }
  return found;
}
