import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";

/**
 * Mounts what the kernel tests need and this machine lacks: a bpffs and a cgroup2 hierarchy.
 * Where that is not allowed it says so, and the tests that need it fail.
 * @returns what unmounts again what it mounted
 */
export default function mountForKernelTests(): () => void {
  const mounted = new Set(
    readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[2]),
  );
  const made: string[] = [];
  const need = (type: string, folder: string): void => {
    if (!mounted.has(type) && mount(type, folder)) made.push(folder);
  };
  need("bpf", "/sys/fs/bpf");
  // Where the old hierarchies are, /sys/fs/cgroup is a tmpfs with a folder for each.
  need("cgroup2", mounted.has("cgroup") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup");
  return () => {
    for (const folder of made) run("umount", folder);
  };
}

function mount(type: string, folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    console.error(`Cannot make ${folder} for the kernel tests: ${(error as Error).message}`);
    return false;
  }
  return run("mount", "-t", type, type, folder);
}

function run(command: string, ...args: string[]): boolean {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) console.error(`Cannot ${command} for the kernel tests: ${stderr?.trim()}`);
  return status === 0;
}
