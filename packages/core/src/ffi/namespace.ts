import { check } from "./errno.js";
import { libc } from "./libc.js";

/** include/uapi/linux/nsfs.h */
const NS_GET_NSTYPE = 0xb703;
/** Kinds by the flags of clone(2) that make them: include/uapi/linux/sched.h. */
const KINDS: Readonly<Record<number, string>> = {
  0x80: "time",
  0x20000: "mnt",
  0x2000000: "cgroup",
  0x4000000: "uts",
  0x8000000: "ipc",
  0x10000000: "user",
  0x20000000: "pid",
  0x40000000: "net",
};

/** The kind of the namespace that a descriptor is of, by its name in /proc/PID/ns. ioctl_nsfs(2). @throws BpfError */
export function namespaceKind(fd: number): string {
  const flag = check("NS_GET_NSTYPE", libc().ioctl(fd, NS_GET_NSTYPE), "get the kind of a namespace");
  return KINDS[flag] ?? "unknown";
}
