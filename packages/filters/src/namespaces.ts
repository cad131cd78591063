import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

import { textOf } from "@rxbpf/core";
import { namespaceKind } from "@rxbpf/core/system";

import { errorCode, FileSystem, fileSystemOf, isMissing } from "./file-systems.js";
import { namespaceMounts } from "./mounts.js";
import { requireOwnProc } from "./proc.js";

/** Kinds of namespaces, as /proc/PID/ns has them. */
export type NamespaceKind = "mnt" | "net";

/** What they are called by people. */
export const NAMESPACE_NOUNS: Readonly<Record<NamespaceKind, string>> = {
  mnt: "mount namespace",
  net: "network namespace",
};

/** What a link in /proc says of a namespace: `mnt:[4026531832]`. */
const NAMESPACE = /^(\w+):\[(\d+)\]$/;

/** A process, as a person would tell it apart. */
export interface Process {
  readonly pid: number;
  /** Set by the process itself: do not trust it. */
  readonly comm: string;
}

/** A namespace that is held open: until it is closed, no other one gets its id. */
export interface OpenNamespace {
  readonly fd: number;
  readonly id: number;
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
  return idOf(openNamespaceOf("mnt", pid));
}

/** The id of the mount namespace at a path like /proc/PID/ns/mnt. @throws Error if the path is no mount namespace */
export function mountNamespaceId(path: string): number {
  return idOf(openNamespace("mnt", path));
}

function idOf({ fd, id }: OpenNamespace): number {
  closeSync(fd);
  return id;
}

/** Opens the namespace that a process is in. The caller closes it. @throws Error */
export function openNamespaceOf(kind: NamespaceKind, pid: number): OpenNamespace {
  const action = `find the ${NAMESPACE_NOUNS[kind]} of process ${pid}`;
  requireOwnProc(action);
  if (!existsSync(`/proc/${pid}`)) throw new Error(`Cannot ${action}: there is no such process`);
  return openNamespace(kind, `/proc/${pid}/ns/${kind}`);
}

/**
 * Opens the namespace at a path like /proc/PID/ns/net or /run/netns/NAME. The caller closes it.
 * @throws Error if the path is no namespace of that kind
 */
export function openNamespace(kind: NamespaceKind, path: string): OpenNamespace {
  const fail = (state: string, cause?: unknown): never => {
    throw new Error(`Cannot get the id of the ${NAMESPACE_NOUNS[kind]} at ${path}: ${state}`, { cause });
  };
  const example = `give a path like /proc/PID/ns/${kind}`;
  let fd: number;
  try {
    const fileSystem = fileSystemOf(path) ?? fail("there is no such path");
    // To open something else could block, or have effects.
    if (fileSystem !== FileSystem.nsfs) return fail(`it is not a namespace; ${example}`);
    fd = openSync(path, "r");
  } catch (error) {
    if (isMissing(error)) return fail("there is no such path", error);
    if (["EACCES", "EPERM"].includes(errorCode(error)))
      return fail("the process belongs to another user, so CAP_SYS_PTRACE is needed; run as root, or grant it", error);
    throw error;
  }
  const found = namespaceKind(fd);
  if (found === kind) return { fd, id: fstatSync(fd).ino };
  closeSync(fd);
  return fail(`it is a namespace of another kind, ${found}; ${example}`);
}

/**
 * Opens the namespace of an id, by a process in it or by where it is mounted, as `ip netns` does. The caller closes it. Undefined if
 * this process sees neither.
 */
export function openNamespaceById(kind: NamespaceKind, id: number): OpenNamespace | undefined {
  const processes = liveNamespaces(kind).get(id) ?? [];
  const paths = processes.map(({ pid }) => `/proc/${pid}/ns/${kind}`);
  for (const path of [...paths, ...namespaceMounts(`${kind}:[${id}]`)]) {
    const opened = openIfThere(kind, path);
    if (opened?.id === id) return opened;
    if (opened) closeSync(opened.fd);
  }
  return undefined;
}

function openIfThere(kind: NamespaceKind, path: string): OpenNamespace | undefined {
  try {
    return openNamespace(kind, path);
  } catch {
    return undefined; // it is gone
  }
}

/** As `liveNamespaces`, of mount namespaces. */
export function liveMountNamespaces(): Map<number, Process[]> {
  return liveNamespaces("mnt");
}

/**
 * All namespaces of a kind that have processes, each with its processes, by the ids of their main threads in /proc.
 * Processes that this one may not inspect, or that are outside of its pid namespace, are left out.
 */
function liveNamespaces(kind: NamespaceKind): Map<number, Process[]> {
  const found = new Map<number, Process[]>();
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
  for (const pid of pids.sort((a, b) => a - b)) {
    try {
      const id = Number(NAMESPACE.exec(readlinkSync(`/proc/${pid}/ns/${kind}`))?.[2]);
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
