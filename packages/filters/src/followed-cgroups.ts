import { existsSync, readFileSync, statSync } from "node:fs";

import { BpfError, bytesOf, type EventOf } from "@rxbpf/core";
import { BpfMap, MapType, type ObjectSpec, requireCapabilities, ring, sourceOf } from "@rxbpf/core/bpf";
import { type Batch, chars, type Run, schema, u64 } from "@rxbpf/core/events";
import { inFirstNamespace } from "@rxbpf/core/system";

import { Choice, kindBit } from "./choice.js";
import { ContainerNames } from "./container-names.js";
import { automatonOf } from "./glob.js";
import { idOf, keyOf } from "./keys.js";
import { cgroupMounts } from "./mounts.js";
import type { Selector } from "./selectors.js";
import { type SeenCgroup, walkCgroups, walkFrom } from "./walk-cgroups.js";

/** How many cgroups can be chosen at a time. */
const MOST = 16_384;
/** For a thousand cgroups that are made faster than they are looked at. */
const RING_BYTES = 2 ** 20;
/**
 * How often the tree is read. The kernel's program runs for a new cgroup shortly before its directory shows: it may have looked for
 * the cgroup above before that was added here, and the first reading not have seen it.
 */
const PASSES = 2;
/** When to look again for the name of a container that nobody tells yet. */
const AGAIN_MS = [250, 1_000, 4_000];

/** As bpf/filters/follow_cgroups.bpf.c writes it. */
const madeCgroup = schema("cgroup_made", {
  id: u64("its id"),
  path: chars("from the top of the hierarchy, cut where it is long"),
});
type Made = EventOf<typeof madeCgroup>;

const spec: ObjectSpec = {
  name: "what follows cgroups",
  bytes: () => readFileSync(new URL("../bpf/follow_cgroups.bpf.o", import.meta.url)),
  variants: [{ programs: ["made", "removed"] }],
};

/**
 * The cgroups that selectors choose, in a map that a trace is narrowed to. Those that appear later join it, and those that are removed
 * leave it. The kernel itself adds what is made below one that is chosen, and what has a name that a unit is asked for by, before a
 * process can be in it. What only engines can name is added by this process, as soon as it hears of the cgroup: what the first
 * process does until then is missed.
 */
export class FollowedCgroups {
  /** The ids, as a trace's `cgroup_set`. */
  readonly map: BpfMap;
  readonly choice: Choice;
  readonly #ownsMap: boolean;
  readonly #chosen: BpfMap;
  readonly #tell: (message: string) => void;
  readonly #run: Run;
  readonly #again: NodeJS.Timeout[] = [];
  /** What engines call containers is asked for. */
  readonly #byName: boolean;
  /** Paths in the kernel's word of a cgroup are those that this process sees. */
  readonly #samePaths = inFirstNamespace("cgroup");
  #isFull = false;

  /**
   * Needs CAP_BPF and CAP_PERFMON. The caller closes it.
   * @param tell gets lines for a person
   * @param into another's map of cgroups with values of 8 bytes, to keep instead of one of its own
   * @throws NotSupportedError, BpfError; Error for more names than the kernel can look for
   */
  constructor(selectors: readonly Selector[], tell: (message: string) => void, into?: BpfMap) {
    requireCapabilities(`trace ${selectors.join(", ")}`);
    this.choice = new Choice(selectors);
    this.#tell = tell;
    this.#byName = selectors.some(({ kind }) => kind === "container" || kind === "pod");
    const units = selectors.filter(({ directoryNames }) => directoryNames.length > 0);
    const names = automatonOf(units.flatMap(({ directoryNames }) => directoryNames));
    const isHere = (selector: Selector): boolean => !units.includes(selector) && selector.kind !== "command";
    const constants = {
      all_kinds: this.choice.kinds,
      kind_of_names: units.reduce((bits, { kind }) => bits | kindBit(kind), 0),
      ...names,
    };
    const map = { type: MapType.hash, keySize: 8, valueSize: 8, maxEntries: MOST };
    this.#ownsMap = into === undefined;
    this.map = into ?? BpfMap.create({ ...map, name: "cgroupset" });
    this.#chosen = BpfMap.create({ ...map, name: "chosen_cgroups" });
    const maps = { cgroup_set: this.map, chosen_cgroups: this.#chosen };
    try {
      const toHear = selectors.some(isHere);
      const source = sourceOf<Made>(spec, ring("made_cgroups", madeCgroup), () => ({
        constants: { ...constants, tell: toHear },
        maps,
        maxEntries: { made_cgroups: toHear ? RING_BYTES : 4096 },
      }));
      this.#run = source({
        batch: (batch) => this.#heard(batch),
        status: (status) => {
          if (status.type !== "lost") return;
          if (status.reason === "map full") this.#tellFull();
          else this.#tellNew(() => this.#lookAtAll());
        },
        error: (error) => tell(`cgroups are followed no more: ${(error as Error).message}`),
        complete() {},
      });
      this.#lookAtAll();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The ids of the cgroups that all kinds of selectors choose now. */
  ids(): number[] {
    return Array.from(this.map.keys(), (key) => Number(idOf(key)));
  }

  /** Ends it. A trace that is narrowed to it hears of cgroups that are made later no more. */
  close(): void {
    for (const timer of this.#again) clearTimeout(timer);
    this.#run?.close();
    if (this.#ownsMap) this.map.close();
    this.#chosen.close();
  }

  #lookAtAll(names: ContainerNames = new ContainerNames()): void {
    for (let pass = 0; pass < PASSES; pass++) walkCgroups(0, (cgroup, above) => this.#look(cgroup, above, names));
  }

  #lookBelow(top: Parameters<typeof walkFrom>[0], names: ContainerNames): void {
    for (let pass = 0; pass < PASSES; pass++) walkFrom(top, 0, (cgroup, above) => this.#look(cgroup, above, names));
  }

  /** Adds a cgroup if it is chosen. Returns the kinds that choose all below it. */
  #look({ id, path, directory }: SeenCgroup, above: number, names: ContainerNames): number {
    const own = this.choice.of(path, names);
    const [wasItself = 0, wasBelow = 0] = this.#read(id);
    const below = above | own.below | wasBelow;
    const itself = below | own.itself | wasItself;
    if (itself !== wasItself || below !== wasBelow) this.#add(id, itself, below, directory);
    return below;
  }

  #read(id: number): Uint32Array {
    const value = this.#chosen.lookup(keyOf(id));
    return value ? new Uint32Array(value.buffer, value.byteOffset, 2) : new Uint32Array();
  }

  #add(id: number, itself: number, below: number, directory: Buffer): void {
    try {
      this.#chosen.update(keyOf(id), new Uint8Array(Uint32Array.of(itself, below).buffer));
      if (itself === this.choice.kinds) this.map.update(keyOf(id), new Uint8Array(8));
    } catch (error) {
      if (!(error instanceof BpfError && error.code === "E2BIG")) throw error;
      this.#tellFull();
    }
    // The kernel told of its removal before it was added.
    if (existsSync(directory)) return;
    this.map.delete(keyOf(id));
    this.#chosen.delete(keyOf(id));
  }

  #tellFull(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#tell(`not all cgroups are traced: the set can hold ${Math.min(MOST, this.map.info.maxEntries)}`);
  }

  /** Cgroups were made. */
  #heard(batch: Batch<Made>): void {
    const names = new ContainerNames();
    this.#tellNew(() => {
      let isUnnamed = false;
      for (let i = 0; i < batch.length; i++) {
        const { id, path } = batch.row(i);
        const { itself, name } = this.choice.of(path, names);
        isUnnamed ||= this.#byName && name.is === "container" && Object.keys(names.of(name)).length === 0;
        if (itself === 0 && this.#samePaths) continue;
        const directory = this.#directoryOf(id, path);
        if (directory) this.#lookBelow({ directory, path }, names);
        else this.#lookAtAll(names);
      }
      if (isUnnamed) this.#lookAgain();
    });
  }

  /** Looks, and tells of the selectors that choose something for the first time. */
  #tellNew(look: () => void): void {
    const { met } = this.choice;
    const before = met.size;
    look();
    if (met.size > before) this.#tell(`traced from now on: ${[...met].slice(before).join(", ")}`);
  }

  /** Where a cgroup is by its path; undefined where this process sees it elsewhere, or it is gone. */
  #directoryOf(id: number, path: string): Buffer | undefined {
    for (const { root, path: top } of cgroupMounts()) {
      const directory = bytesOf(top + path.slice(root === "/" ? 0 : root.length));
      if (statSync(directory, { throwIfNoEntry: false })?.ino === id) return directory;
    }
    return undefined;
  }

  #lookAgain(): void {
    for (const timer of this.#again.splice(0)) clearTimeout(timer);
    for (const ms of AGAIN_MS) this.#again.push(setTimeout(() => this.#tellNew(() => this.#lookAtAll()), ms).unref());
  }
}
