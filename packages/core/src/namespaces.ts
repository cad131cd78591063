import { existsSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Inode numbers of the namespaces that a machine starts with: include/uapi/linux/nsfs.h of 6.18. They are as old as
 * /proc/PID/ns.
 */
const FIRST = { cgroup: 0xeffffffb, pid: 0xeffffffc, time: 0xeffffffa, user: 0xeffffffd } as const;

/**
 * Whether this process is in the machine's first namespace of a kind. Events carry the ids and the clock of the first
 * namespaces; what /proc shows and what people type belongs to this process's own.
 * @throws Error where /proc does not show this process
 */
export function inFirstNamespace(kind: keyof typeof FIRST): boolean {
  return (inode(kind) ?? FIRST[kind]) === FIRST[kind];
}

/** Undefined if the kernel has no such namespaces. */
function inode(name: string): number | undefined {
  try {
    return Number(/\[(\d+)\]$/.exec(readlinkSync(`/proc/self/ns/${name}`))?.[1]);
  } catch (cause) {
    if (existsSync("/proc/self/ns")) return undefined;
    throw new Error(
      "Cannot find this process in /proc: /proc is not mounted, or belongs to another pid namespace; run: mount -t proc proc /proc",
      { cause },
    );
  }
}

/**
 * How much this process's time namespace adds to a clock of the machine, in nanoseconds. time_namespaces(7).
 * @throws Error if that cannot be known
 */
export function timeNamespaceOffsetNs(clock: "monotonic" | "boottime"): bigint {
  const own = inode("time");
  if (own === undefined || own === FIRST.time) return 0n;
  // The file shows the offsets of the namespace that children get.
  if (inode("time_for_children") !== own)
    throw new Error(
      "Cannot tell the time of events: this process has made a time namespace for its children, and /proc shows only the offset of that one; run inside it, or without a time namespace",
    );
  const offsets = readFileSync("/proc/self/timens_offsets", "utf8");
  const [, seconds, nanoseconds] = new RegExp(`^${clock}\\s+(-?\\d+)\\s+(\\d+)$`, "m").exec(offsets) ?? [];
  return BigInt(seconds ?? 0) * 1_000_000_000n + BigInt(nanoseconds ?? 0);
}
