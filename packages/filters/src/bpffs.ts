import { spawnSync } from "node:child_process";
import { type Dirent, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import path from "node:path";

import { BpfError } from "@rxbpf/core";
import { BpfMap, MapType } from "@rxbpf/core/bpf";

import { FileSystem, fileSystemOf } from "./file-systems.js";
import { bpfMounts } from "./mounts.js";

/** Where the BPF file system is mounted by convention: a directory that the kernel makes for it. */
const BPFFS = "/sys/fs/bpf";

/**
 * Makes sure that a map can be pinned at a path: nothing is there yet, and its directory is on bpffs. If only the last
 * directory is missing, it is made. If nothing is mounted on /sys/fs/bpf, bpffs is mounted there and stays mounted, as
 * with bpftool; that needs CAP_SYS_ADMIN.
 * @returns the directory if it was made
 * @throws Error if the path cannot be used; then nothing was made
 */
export function makePlace(pin: string): string | undefined {
  const fail = (state: string): never => {
    throw new Error(`Cannot create ${pin}: ${state}`);
  };
  if (path.basename(pin).includes(".")) fail("a BPF file system allows no dot in a name; give another name");
  const directory = path.dirname(pin);
  const there = fileSystemOf(directory) !== undefined;
  const existing = there ? directory : path.dirname(directory);
  const fileSystem = fileSystemOf(existing) ?? fail(`there is no directory ${existing}`);
  if (fileSystem !== FileSystem.bpf) {
    if (existing !== BPFFS) fail(`${existing} is not on a BPF file system; give a path below ${BPFFS}`);
    if (!mountBpffs()) fail(`no BPF file system is mounted on ${BPFFS}; run: sudo mount -t bpf bpf ${BPFFS}`);
  }
  if (lstatSync(pin, { throwIfNoEntry: false })) fail(`it exists already; remove it with: rxbpf map unpin ${pin}`);
  if (there) return undefined;
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

/**
 * Opens the map pinned at a path. The caller closes it.
 * @throws MapMismatchError if something else is pinned there; BpfError; Error if nothing is
 */
export function openPin(pin: string): BpfMap {
  const fail = (state: string, cause?: unknown): never => {
    throw new Error(`Cannot open ${pin}: ${state}`, { cause });
  };
  const fileSystem = fileSystemOf(pin) ?? fail(`there is no such path; make it with: rxbpf map create ${pin}`);
  if (fileSystem !== FileSystem.bpf) fail(`it is not on a BPF file system; give a path below ${BPFFS}`);
  if (statSync(pin).isDirectory()) fail("it is a directory; give the path of a pinned map");
  try {
    return BpfMap.open(pin);
  } catch (error) {
    // The kernel puts files into bpffs that are no maps.
    if (error instanceof BpfError && error.code === "ENOENT") fail("no map is pinned there", error);
    throw error;
  }
}

/** The map pinned at a path; undefined if there is none, or if it may not be opened. */
export function openIfMap(pin: string): BpfMap | undefined {
  try {
    return BpfMap.open(pin);
  } catch {
    return undefined;
  }
}

/** The paths of everything pinned on the BPF file systems that this process sees. Links are not followed. */
export function pins(): string[] {
  // A file system that is mounted twice is read once.
  const mounts = new Map(bpfMounts().map((mount) => [statSync(mount).dev, mount]));
  const found: string[] = [];
  const look = (directory: string): void => {
    for (const entry of entriesOf(directory)) {
      const at = path.join(directory, entry.name);
      if (entry.isDirectory()) look(at);
      else if (entry.isFile()) found.push(at);
    }
  };
  for (const mount of mounts.values()) look(mount);
  return found.sort();
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // it is gone, or this user may not read it
  }
}

/** How many descriptors of a map are open, in all processes that this one may inspect. */
export function holdersOf(mapId: number): number {
  const id = new RegExp(`^map_id:\\s+${mapId}$`, "m");
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => descriptorsOf(pid).filter((fd) => id.test(infoOfMap(pid, fd)))).length;
}

function descriptorsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return []; // it has ended, or we may not inspect it
  }
}

/** The kernel's information on a descriptor; empty if it is no map's. */
function infoOfMap(pid: string, fd: string): string {
  try {
    const isMap = readlinkSync(`/proc/${pid}/fd/${fd}`) === "anon_inode:bpf-map";
    return isMap ? readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8") : "";
  } catch {
    return ""; // it was closed, or we may not inspect it
  }
}

/** Mounts bpffs for root alone, as systemd and bpftool do. Another process may have been first. */
function mountBpffs(): boolean {
  spawnSync("mount", ["-t", "bpf", "-o", "nosuid,nodev,noexec,mode=0700", "bpf", BPFFS], { stdio: "ignore" });
  return fileSystemOf(BPFFS) === FileSystem.bpf;
}

/** The name of a map type, for messages. */
export function mapTypeName(type: number): string {
  return Object.entries(MapType).find(([, number]) => number === type)?.[0] ?? `number ${type}`;
}
