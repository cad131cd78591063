import { readFileSync } from "node:fs";

import { BpfMap, load, type Loaded, MapType, type ObjectSpec, requireCapabilities } from "@rxbpf/core/bpf";

import { cgroupId } from "./cgroup-id.js";
import { idOf, keyOf } from "./keys.js";

/** How many cgroups a tree can have at the same time. */
const MOST = 16_384;

const spec: ObjectSpec = {
  name: "the tree of cgroups",
  bytes: () => readFileSync(new URL("../bpf/cgroup_tree.bpf.o", import.meta.url)),
  variants: [{ programs: ["made", "removed"] }],
};

/**
 * A set of cgroups for the option `within`: one cgroup, and every cgroup that is made below it from now on. A new
 * cgroup is in the set before a process can be in the cgroup. The set is private to this process and ends with it.
 */
export class CgroupTree {
  /** The directory of the topmost cgroup. */
  readonly path: string;
  /** A map with the ids of all its cgroups. */
  readonly map: BpfMap;
  readonly #loaded: Loaded;
  readonly #told: string | readonly string[];

  /**
   * Needs CAP_BPF and CAP_PERFMON. The caller closes it.
   * @param path a directory of cgroup v2 with no cgroup below it yet
   * @param told the value of the option in a recording
   * @throws NotSupportedError, BpfError; Error if `path` is no such directory
   */
  constructor(path: string, told: string | readonly string[] = path) {
    requireCapabilities(`trace what runs in ${path}`);
    const id = cgroupId(path);
    this.path = path;
    this.#told = told;
    this.map = BpfMap.create({ type: MapType.hash, name: "cgroupset", keySize: 8, valueSize: 8, maxEntries: MOST });
    try {
      this.#loaded = load(spec, { maps: { cgroup_set: this.map } });
      this.map.update(keyOf(id), new Uint8Array(8));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The ids of its present cgroups. */
  ids(): number[] {
    return Array.from(this.map.keys(), (key) => Number(idOf(key)));
  }

  /** How many cgroups are missing from the set, because there were too many at the same time. */
  get missed(): number {
    const { object, btf } = this.#loaded;
    const bss = object.variables(".bss")!;
    return Number(new DataView(bss.buffer, bss.byteOffset).getBigUint64(btf.variables().get("missed")!.offset, true));
  }

  /** Ends it. Traces that are narrowed to it do not see cgroups that are made later. */
  close(): void {
    this.#loaded?.object.close();
    this.map.close();
  }

  /** The value of the option in a recording. */
  toJSON(): string | readonly string[] {
    return this.#told;
  }
}
