import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";

/**
 * Mounts kinds of file systems, such as `bpf`, that this machine has not mounted, where they belong.
 * Where that is not allowed it says so, for whom, and goes on.
 * @param {readonly ("bpf" | "cgroup2" | "tracefs")[]} types
 * @param {string} whom such as `the tests`
 * @returns {() => void} what unmounts again what it mounted
 */
export function mountMissing(types, whom) {
  const mounted = new Set(
    readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[2]),
  );
  const folders = {
    bpf: "/sys/fs/bpf",
    // Where the old hierarchies are, /sys/fs/cgroup is a tmpfs with a folder for each.
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
