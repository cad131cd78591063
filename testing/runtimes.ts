import { mkdirSync, writeFileSync } from "node:fs";

import { onTestFinished } from "vitest";

import { containerId, makeCgroups } from "./engines.js";
import { run, start } from "./programs.js";
import { startShell } from "./shell.js";

/** Where containerd has the bundles of what `nerdctl` runs, each called by its container's id. */
const BUNDLES = "/run/containerd/io.containerd.runtime.v2.task/default";
/** A root directory with busybox alone. */
const ROOT = "/mnt/root";

/** A mount namespace in which containers run. */
export interface ContainerHost {
  /** The command line of what runs a command there. */
  readonly through: readonly [string, ...string[]];
  /** Its root directory, as others see it. */
  readonly root: string;
  /** The directory below which the cgroups of containers are, outside. */
  readonly top: string;
  /** Its path in the hierarchy. */
  readonly parent: string;
}

/** How a machine mounts cgroups: version 2 alone, or beside hierarchies of version 1. */
const LAYOUTS = {
  plain: "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
  hybrid: `mount -t tmpfs tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/named
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
    mount -t cgroup -o none,name=rxbpf-test cgroup /sys/fs/cgroup/named`,
};

/**
 * Makes a mount namespace in which cgroups are laid out in a way, whatever the machine has, in which the folders of engines are empty,
 * and in which there is a user bob, 4711, at /mnt/bob. What runs there ends with the test.
 */
export async function containerHost(layout: keyof typeof LAYOUTS = "plain"): Promise<ContainerHost> {
  const { top } = makeCgroups();
  const shell = await startShell(["unshare", "--mount", "bash"]);
  const complaints = await shell.run(`
    if mountpoint -q /sys/fs/cgroup; then umount --recursive /sys/fs/cgroup; fi
    ${LAYOUTS[layout]}
    for folder in /run /var/lib /dev/shm /mnt; do mount -t tmpfs tmpfs $folder; done
    mkdir -p ${ROOT}/bin ${ROOT}/dev ${ROOT}/etc ${ROOT}/proc ${ROOT}/sys
    cp "$(command -v busybox)" ${ROOT}/bin
    for tool in cat nc sh sleep; do ln -s busybox ${ROOT}/bin/$tool; done
    { cat /etc/passwd; echo bob:x:4711:4711::/mnt/bob:/bin/sh; } > /mnt/passwd
    mount --bind /mnt/passwd /etc/passwd`);
  if (complaints !== "") throw new Error(`Cannot make a place for containers: ${complaints}`);
  return {
    through: ["nsenter", `--mount=/proc/${shell.pid}/ns/mnt`, "--wd=/"],
    root: `/proc/${shell.pid}/root`,
    top,
    parent: top.slice(top.lastIndexOf("/")),
  };
}

/** What runs containers: the command line for one, called NAME, that runs a script of busybox's shell, and then is gone. */
export type Runtime = (host: ContainerHost, name: string, script: string) => readonly [string, ...string[]];

/** crun as containerd calls it for `nerdctl run --name NAME`. */
export const crun: Runtime = ({ root, parent }, name, script) => {
  const id = containerId();
  const bundle = `${BUNDLES}/${id}`;
  mkdirSync(root + bundle, { recursive: true });
  const config = {
    ociVersion: "1.0.2",
    root: { path: ROOT },
    process: { args: ["/bin/sh", "-c", script], cwd: "/", env: ["PATH=/bin"], user: { uid: 0, gid: 0 } },
    mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
    annotations: { "nerdctl/name": name },
    linux: {
      cgroupsPath: `${parent}/default/${id}`,
      namespaces: ["cgroup", "ipc", "mount", "pid", "uts"].map((type) => ({ type })),
    },
  };
  writeFileSync(`${root}${bundle}/config.json`, JSON.stringify(config));
  return ["crun", "run", "--bundle", bundle, id];
};

/**
 * Podman, with no image, no network of its own, and no limits: on a machine with cgroup v1, v2 has no controllers for those, and a test
 * may lack the right to raise them.
 */
export const podman: Runtime = ({ parent }, name, script) => [
  "podman",
  ...["--cgroup-manager=cgroupfs", "--events-backend=none", "run", "--rm", `--name=${name}`],
  ...[`--cgroup-parent=${parent}`, "--network=host", "--privileged", "--pids-limit=-1"],
  ...["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--rootfs", ROOT, "/bin/sh", "-c", script],
];

/** Runs containers to their end, one after the other. @throws Error for what they complain of */
export async function runContainers(host: ContainerHost, commands: readonly (readonly string[])[]): Promise<void> {
  const [first, ...through] = host.through;
  for (const command of commands) {
    const { status, stderr } = await run(first, [...through, ...command]);
    if (status !== 0) throw new Error(`${command[0]} ended with ${status}: ${stderr}`);
  }
}

/** Starts a container that waits until the test ends. */
export async function startContainer(host: ContainerHost, runtime: Runtime, name: string): Promise<void> {
  const [first, ...through] = host.through;
  const container = start(first, [...through, ...runtime(host, name, "echo it runs; sleep 1000")]);
  onTestFinished(() => container.kill("SIGTERM"));
  await container.line();
}
