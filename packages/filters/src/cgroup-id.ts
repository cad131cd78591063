import { statSync } from "node:fs";

import { pathHandle } from "@rxbpf/core/system";

import { FileSystem, fileSystemOf } from "./file-systems.js";
import { CGROUP2_MISSING, cgroupMounts } from "./mounts.js";

/**
 * The id of the cgroup at a directory, which `bpf_get_current_cgroup_id` returns in its processes.
 * @throws Error if the path is not a directory of cgroup v2
 */
export function cgroupId(path: string): number {
  const [id = 0n] = new BigUint64Array(cgroupIdBytes(path).buffer);
  return Number(id);
}

/** The id as 8 bytes in memory order, the form of a key for `bpftool map`. @throws as `cgroupId` */
export function cgroupIdBytes(path: string): Uint8Array<ArrayBuffer> {
  const fail = (state: string): never => {
    throw new Error(`Cannot get the cgroup id of ${path}: ${state}`);
  };
  const fileSystem = fileSystemOf(path);
  if (fileSystem === undefined) return fail("there is no such path");
  if (fileSystem === FileSystem.cgroup1)
    return fail(`it belongs to cgroup v1, which has no such ids; ${whereCgroup2Is()}`);
  if (fileSystem !== FileSystem.cgroup2) return fail(`it is not on a cgroup v2 file system; ${whereCgroup2Is()}`);
  // A file there has a handle too, but that is no cgroup's id.
  if (!statSync(path).isDirectory()) return fail("it is a file; give the cgroup's directory");
  // name_to_handle_at does not follow a symbolic link, and the link's own handle would pass for an id.
  return new Uint8Array(pathHandle(`${path}/.`));
}

function whereCgroup2Is(): string {
  const [mount] = cgroupMounts();
  return mount ? `cgroup v2 is mounted at ${mount.path}` : CGROUP2_MISSING;
}
