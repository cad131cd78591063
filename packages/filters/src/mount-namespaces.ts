import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

import { textOf } from "@rxbpf/core";

import { errorCode, isMissing } from "./file-systems.js";
import { requireOwnProc } from "./proc.js";

/** The target of the link /proc/PID/ns/KIND. */
const NAMESPACE = /^(\w+):\[(\d+)\]$/;

/** A process, as a person would tell it apart. */
export interface Process {
  readonly pid: number;
  /** Set by the process itself: do not trust it. */
  readonly comm: string;
}

/**
 * Whether a number can be the id of a namespace: the kernel uses 0xF0000000 and up, and fixed ids just below for the
 * namespaces that it boots with (for the mount namespace since kernel 6.18). No cgroup has such an id, as the low half
 * of a cgroup's id stays below 0x80000000.
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

/** The id of the mount namespace at a path like /proc/PID/ns/mnt. @throws Error if the path is no mount namespace */
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
      return fail("the process belongs to another user, so CAP_SYS_PTRACE is needed; run as root, or grant it", error);
    if (errorCode(error) === "EINVAL") return fail("it is not a namespace; give a path like /proc/PID/ns/mnt", error);
    throw error;
  }
  const [, kind, id] = NAMESPACE.exec(link) ?? fail("it is not a namespace; give a path like /proc/PID/ns/mnt");
  if (kind !== "mnt") return fail(`it is a namespace of another kind, ${kind}; give a path like /proc/PID/ns/mnt`);
  return Number(id);
}

/**
 * All mount namespaces that have processes, each with its processes, by the ids of their main threads in /proc.
 * Processes that this one may not inspect, or that are outside of its pid namespace, are left out.
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
