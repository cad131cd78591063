import { readFileSync } from "node:fs";

/** A mount of the cgroup v2 hierarchy or of a part of it. */
export interface CgroupMount {
  /** The cgroup at its top, named as in /proc/PID/cgroup: from the root of this process's cgroup namespace. */
  readonly root: string;
  /** The directory it is mounted on. */
  readonly path: string;
}

/** The message if cgroup v2 is not mounted. */
export const CGROUP2_MISSING = "cgroup v2 is not mounted; run: mount -t cgroup2 none /sys/fs/cgroup";

/** Where cgroup v2 is mounted, as this process sees it. Empty if it is not mounted. */
export function cgroupMounts(mountinfo?: string): CgroupMount[] {
  return mountsOf("cgroup2", mountinfo);
}

/** Where BPF file systems are mounted. */
export function bpfMounts(): string[] {
  return mountsOf("bpf").map(({ path }) => path);
}

/** Where a namespace is mounted, as `ip netns add` does: `/run/netns/web`. @param name as links in /proc have it: `net:[4026531840]` */
export function namespaceMounts(name: string): string[] {
  return mountsOf("nsfs").flatMap(({ root, path }) => (root === name ? [path] : []));
}

/** Where the network namespaces are mounted that have been given a name. */
export function networkNamespaceMounts(): string[] {
  return mountsOf("nsfs").flatMap(({ root, path }) => (root.startsWith("net:") ? [path] : []));
}

function mountsOf(type: string, mountinfo: string = readFileSync("/proc/self/mountinfo", "utf8")): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    // proc_pid_mountinfo(5): id parent device root path options [tags...] - type source options
    const [before = "", after = ""] = line.split(" - ", 2);
    if (!after.startsWith(`${type} `)) continue;
    const [, , , root = "", path = ""] = before.split(" ");
    mounts.push({ root: unescapeOctal(root), path: unescapeOctal(path) });
  }
  return mounts;
}

/** The kernel escapes a space, a tab, a newline and a backslash in octal, such as `\040`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
