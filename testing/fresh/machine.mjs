// Runs commands in a root directory as if it were a machine, with mounts of its own that end with it.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";

/** Mounts only what every machine has. Uses pivot_root, as no user namespace can be made in a chroot. */
const ENTER = `
  set -e
  mount --bind "$1" "$1"
  cd "$1"
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t devtmpfs devtmpfs dev
  mount -t devpts -o mode=620,gid=5,ptmxmode=666 devpts dev/pts
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  pivot_root . mnt
  umount --lazy /mnt
  echo ready
  exec sleep infinity
`;

/**
 * Starts a machine in a folder.
 * @returns `run`, which runs a command in it as a user and resolves to `{ status, output }`; `stop`, which ends it and
 * returns the names of processes that were left
 */
export async function startMachine(root) {
  const holder = spawn("unshare", ["--mount", "--propagation=private", "sh", "-c", ENTER, "sh", root], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await Promise.race([once(createInterface({ input: holder.stdout }), "line"), once(holder, "exit")]);
  if (line !== "ready") throw new Error("Cannot mount the machine's file systems");
  const namespace = readlinkSync(`/proc/${holder.pid}/ns/mnt`);

  return {
    async run(command, { user, cwd = "/", env = {}, minutes = 20, show = () => {} }) {
      const ids = user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups"];
      const inside = ["--target", String(holder.pid), "--mount", "--root"];
      const all = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", LANG: "C.UTF-8", ...env };
      const variables = Object.entries(all).map(([name, value]) => `${name}=${value}`);
      const child = spawn("nsenter", [...inside, ...ids, "env", "-i", `--chdir=${cwd}`, ...variables, ...command], {
        stdio: ["ignore", "pipe", "pipe"],
        timeout: minutes * 60_000,
        killSignal: "SIGKILL",
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text) => {
          output += text;
          show(text);
        });
      const [status, signal] = await once(child, "close");
      return { status: status ?? signal, output };
    },

    stop() {
      holder.kill("SIGKILL");
      const left = processesIn(namespace).filter(({ pid }) => pid !== holder.pid);
      for (const { pid } of left) process.kill(pid, "SIGKILL");
      return left.map(({ name }) => name);
    },
  };
}

/** Removes a root, unless something is still mounted in it. */
export function removeRoot(root) {
  if (readFileSync("/proc/self/mountinfo", "utf8").includes(` ${root}`))
    throw new Error(`Cannot remove ${root}: something is mounted in it`);
  spawnSync("rm", ["-rf", "--one-file-system", root], { stdio: "inherit" });
}

function processesIn(namespace) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/ns/mnt`) !== namespace) return [];
        return [{ pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, "utf8").trim() }];
      } catch {
        return []; // it has ended
      }
    });
}
