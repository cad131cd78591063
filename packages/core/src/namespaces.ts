import { existsSync, readFileSync, readlinkSync } from "node:fs";

/** The namespaces that a machine starts with, by their inode numbers: include/uapi/linux/nsfs.h of 6.18, and as old as /proc/PID/ns. */
const FIRST = { pid: 0xeffffffc, time: 0xeffffffa, user: 0xeffffffd } as const;

/**
 * Whether this process is in the namespace of a kind that the machine started with. Events have the ids and the
 * clock of those; what /proc shows and what people type is of this process's own.
 * @throws Error where /proc does not show this process
 */
export function inFirstNamespace(kind: keyof typeof FIRST): boolean {
  return (inode(kind) ?? FIRST[kind]) === FIRST[kind];
}

/** Undefined where the kernel has no such namespaces. */
function inode(name: string): number | undefined {
  try {
    return Number(/\[(\d+)\]$/.exec(readlinkSync(`/proc/self/ns/${name}`))?.[1]);
  } catch (cause) {
    if (existsSync("/proc/self/ns")) return undefined;
    throw new Error(
      "Cannot find this process in /proc: it is not mounted, or is that of another pid namespace; mount it: mount -t proc proc /proc",
      { cause },
    );
  }
}

/**
 * What this process's time namespace adds to a clock of the machine, in nanoseconds. time_namespaces(7).
 * @throws Error where that cannot be known
 */
export function timeNamespaceOffsetNs(clock: "monotonic" | "boottime"): bigint {
  const own = inode("time");
  if (own === undefined || own === FIRST.time) return 0n;
  // The file tells of the namespace that children get.
  if (inode("time_for_children") !== own)
    throw new Error(
      "Cannot tell the time of events: this process has made a time namespace for its children, and /proc shows only that one's offset; run in it, or in none",
    );
  const offsets = readFileSync("/proc/self/timens_offsets", "utf8");
  const [, seconds, nanoseconds] = new RegExp(`^${clock}\\s+(-?\\d+)\\s+(\\d+)$`, "m").exec(offsets) ?? [];
  return BigInt(seconds ?? 0) * 1_000_000_000n + BigInt(nanoseconds ?? 0);
}
