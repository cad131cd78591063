import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Kinds of objects in the kernel, as bpftool calls them. */
const KINDS = ["prog", "map", "link"] as const;

/** What a process holds in the kernel. */
export interface Holdings {
  /** Ids of BPF objects, such as `map 12`. */
  readonly objects: readonly string[];
  /** The targets of its file descriptors, sorted. */
  readonly descriptors: readonly string[];
  /** How many parts of BPF maps are mapped into its memory. */
  readonly mappings: number;
}

/** What a process holds now; by default, this one. */
export function holdings(pid: number = process.pid): Holdings {
  const objects: string[] = [];
  const descriptors: string[] = [];
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      descriptors.push(readlinkSync(`/proc/${pid}/fd/${fd}`));
      const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
      // A link's text also names its program, so the first match counts.
      const [, kind, id] = /^(link|prog|map)_id:\s*(\d+)$/m.exec(info) ?? [];
      if (kind && id) objects.push(`${kind} ${id}`);
    } catch {
      // The descriptor that listed this folder is already closed.
    }
  }
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
  return {
    objects: objects.sort(),
    descriptors: descriptors.sort(),
    mappings: maps.split("anon_inode:bpf-map").length - 1,
  };
}

/** The objects that bpftool still finds in the kernel. */
export function inKernel(objects: readonly string[]): string[] {
  const known = new Set(shown().map(({ object }) => object));
  return objects.filter((object) => known.has(object));
}

/**
 * Objects in the kernel that no process holds and that are pinned nowhere: they are left behind, or about to be freed.
 */
export function unheld(): string[] {
  const loose = shown().filter(({ pinned }) => pinned.length === 0);
  const held = new Set(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          return holdings(Number(pid)).objects;
        } catch {
          return []; // it has ended
        }
      }),
  );
  return loose.map(({ object }) => object).filter((object) => !held.has(object));
}

function shown(): { object: string; pinned: readonly string[] }[] {
  return KINDS.flatMap((kind) => {
    const all = listed(kind) as { id: number; pinned?: string[] }[];
    return all.map(({ id, pinned = [] }) => ({ object: `${kind} ${id}`, pinned }));
  });
}

/** The list of bpftool. It fails if an object is freed meanwhile, as other processes' may be; then it is run again. */
function listed(kind: string): unknown {
  for (let attempt = 1; ; attempt++) {
    try {
      return JSON.parse(execFileSync("bpftool", ["-jf", kind, "show"], { encoding: "utf8", stdio: "pipe" }));
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}
