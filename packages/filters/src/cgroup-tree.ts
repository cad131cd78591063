import { readFileSync } from "node:fs";

import { BpfMap, load, type Loaded, MapType, type ObjectSpec, requireCapabilities } from "@rxbpf/core/bpf";

import { cgroupId } from "./cgroup-id.js";
import { idOf, keyOf } from "./keys.js";

/** How many cgroups a tree can have at a time. */
const MOST = 16_384;

const spec: ObjectSpec = {
  name: "the tree of cgroups",
  bytes: () => readFileSync(new URL("../bpf/cgroup_tree.bpf.o", import.meta.url)),
  variants: [{ programs: ["made", "removed"] }],
};

/**
 * A cgroup and all that are made below it from now on, each before a process can be in it: what a trace can be narrowed to by the
 * option `within`. It is this process's alone, and gone with it.
 */
export class CgroupTree {
  /** The directory of the topmost. */
  readonly path: string;
  /** The ids of all. */
  readonly map: BpfMap;
  readonly #loaded: Loaded;
  readonly #told: string | readonly string[];

  /**
   * Needs CAP_BPF and CAP_PERFMON. The caller closes it.
   * @param path a directory of cgroup v2 that has none below it yet
   * @param told what a recording says that it was narrowed to
   * @throws NotSupportedError, BpfError; Error where it is no such directory
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

  /** The ids of its cgroups now. */
  ids(): number[] {
    return Array.from(this.map.keys(), (key) => Number(idOf(key)));
  }

  /** Of how many cgroups nothing was seen, as there were too many at a time. */
  get missed(): number {
    const { object, btf } = this.#loaded;
    const bss = object.variables(".bss")!;
    return Number(new DataView(bss.buffer, bss.byteOffset).getBigUint64(btf.variables().get("missed")!.offset, true));
  }

  /** Ends it. Traces that are narrowed to it see cgroups that are made later no more. */
  close(): void {
    this.#loaded?.object.close();
    this.map.close();
  }

  /** What a recording says of the option. */
  toJSON(): string | readonly string[] {
    return this.#told;
  }
}
