import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";

/**
 * Mounts file systems, such as `bpf`, in their usual places if this machine has not mounted them. If that is not
 * allowed, it says so and goes on.
 * @param {readonly ("bpf" | "cgroup2" | "tracefs")[]} types
 * @param {string} whom who needs them, such as `the tests`
 * @returns {() => void} a function that unmounts them again
 */
export function mountMissing(types, whom) {
  const mounted = new Set(
    readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[2]),
  );
  const folders = {
    bpf: "/sys/fs/bpf",
    // With cgroup v1, /sys/fs/cgroup is a tmpfs with a folder for each hierarchy.
    cgroup2: mounted.has("cgroup") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup",
    tracefs: "/sys/kernel/tracing",
  };
  const made = types.filter((type) => !mounted.has(type) && mount(type, folders[type], whom));
  return () => {
    for (const type of made) run(["umount", folders[type]], whom);
  };
}

/** @type {(type: string, folder: string, whom: string) => boolean} */
function mount(type, folder, whom) {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    console.error(`Cannot make ${folder} for ${whom}: ${String(error)}`);
    return false;
  }
  return run(["mount", "-t", type, type, folder], whom);
}

/** @type {(command: readonly [string, ...string[]], whom: string) => boolean} */
function run([command, ...args], whom) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) console.error(`Cannot ${command} ${args.at(-1)} for ${whom}: ${error?.message ?? stderr.trim()}`);
  return status === 0;
}
