import { existsSync, readFileSync } from "node:fs";

import { BpfError, type EventOf } from "@rxbpf/core";
import { BpfMap, MapType, type ObjectSpec, type OutputRun, requireCapabilities, ring, sourceOf } from "@rxbpf/core/bpf";
import { type Batch, chars, schema, u32, u64 } from "@rxbpf/core/events";
import { inFirstNamespace } from "@rxbpf/core/system";

import { Choice, kindBit } from "./choice.js";
import { ContainerNames } from "./container-names.js";
import { automatonOf } from "./glob.js";
import { idOf, keyOf } from "./keys.js";
import { type AskedPath, PathSteps } from "./path-steps.js";
import type { Selector } from "./selectors.js";
import { type SeenCgroup, walkCgroups } from "./walk-cgroups.js";

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
/**
 * How many cgroups are remembered whose events are left out. The oldest are forgotten: an event of one that comes after so many others
 * were made would have to have begun in the milliseconds before that one was decided.
 */
const MOST_LEFT_OUT = 65_536;

/** As bpf/filters/follow_cgroups.bpf.c writes it. */
const madeCgroup = schema("cgroup_made", {
  id: u64("its id"),
  itself: u32("the kinds of selectors that choose it for certain, a bit each"),
  undecided: u32("the kinds that may choose it"),
  path: chars("from the top of the hierarchy, cut where it is long"),
});
type Made = EventOf<typeof madeCgroup>;
/** With the NUL. */
const PATH_BYTES = 1024;

const spec: ObjectSpec = {
  name: "what follows cgroups",
  bytes: () => readFileSync(new URL("../bpf/follow_cgroups.bpf.o", import.meta.url)),
  variants: [{ programs: ["made", "removed"] }],
};

/** What the kernel holds of a cgroup: kinds of selectors, and the step of a path. */
interface Held {
  readonly itself: number;
  readonly below: number;
  readonly undecided: number;
  readonly step: number;
}

const NOTHING: Held = { itself: 0, below: 0, undecided: 0, step: 0 };

/**
 * The cgroups that selectors choose, in a map that a trace is narrowed to. Those that appear later join it, and those that are removed
 * leave it. The kernel itself adds what is made below one that is chosen, at a path or with a name that is asked for, before a
 * process can be in it. What may be a container or pod that only engines can name joins as undecided: a trace of events takes it for
 * chosen, and asks `leftOut` before it shows any. This process decides as soon as it hears of the cgroup.
 */
export class FollowedCgroups {
  /** The ids, as a trace's `cgroup_set`: with a value of 0, or of 1 for one that is undecided. */
  readonly map: BpfMap;
  readonly choice: Choice;
  readonly #ownsMap: boolean;
  readonly #chosen: BpfMap;
  readonly #steps: PathSteps;
  readonly #stepMap: BpfMap;
  readonly #tell: (message: string) => void;
  readonly #run: OutputRun;
  readonly #again: NodeJS.Timeout[] = [];
  /** Those that were undecided, and turned out not to be chosen. */
  readonly #leftOut = new Set<number>();
  /** Whether members may be undecided. */
  readonly mayBeUndecided: boolean;
  /** Paths in the kernel's word of a cgroup are those that this process sees. */
  readonly #samePaths = inFirstNamespace("cgroup");
  #isFull = false;

  /**
   * Needs CAP_BPF and CAP_PERFMON. The caller closes it.
   * @param tell gets lines for a person
   * @param into another's map of cgroups with values of 8 bytes, to keep instead of one of its own; nothing undecided gets there
   * @throws NotSupportedError, BpfError; Error for more names than the kernel can look for
   */
  constructor(selectors: readonly Selector[], tell: (message: string) => void, into?: BpfMap) {
    requireCapabilities(`trace ${selectors.join(", ")}`);
    this.choice = new Choice(selectors);
    this.#tell = tell;
    const bits = (ones: readonly Selector[]): number => ones.reduce((all, { kind }) => all | kindBit(kind), 0);
    const named = selectors.filter(({ byKernel }) => byKernel.names);
    const candidates = selectors.filter(({ byKernel }) => byKernel.candidates);
    this.mayBeUndecided = candidates.length > 0 && into === undefined;
    const constants = {
      all_kinds: this.choice.kinds,
      keep_undecided: this.mayBeUndecided,
      by_directory: selectors.some(({ byKernel }) => byKernel.directories?.length),
      kind_of_names: bits(named),
      kinds_told: bits(candidates),
      ...automatonOf(
        named.flatMap(({ byKernel }) => byKernel.names!),
        [...new Set(candidates.flatMap(({ byKernel }) => byKernel.candidates!))],
      ),
    };
    this.#steps = new PathSteps(selectors.flatMap(askedPaths));
    const map = { type: MapType.hash, keySize: 8, maxEntries: MOST };
    this.#ownsMap = into === undefined;
    this.map = into ?? BpfMap.create({ ...map, valueSize: 8, name: "cgroupset" });
    this.#chosen = BpfMap.create({ ...map, valueSize: 16, name: "chosen_cgroups" });
    this.#stepMap = this.#steps.toMap();
    const maps = { cgroup_set: this.map, chosen_cgroups: this.#chosen, path_steps: this.#stepMap };
    const isAlone = selectors.every(({ kind }) => kind === "command");
    try {
      const source = sourceOf<Made>(spec, ring("made_cgroups", madeCgroup), () => ({
        constants,
        maps,
        maxEntries: { made_cgroups: isAlone ? 4096 : RING_BYTES },
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
    const isMember = (value: Uint8Array): boolean => !this.#ownsMap || value[0] === 0;
    return Array.from(this.map.entries()).flatMap(({ key, value }) => (isMember(value) ? [Number(idOf(key))] : []));
  }

  /** Decides on all that is undecided. Returns the cgroups that were and are not chosen: events of theirs are nobody's. */
  leftOut(): ReadonlySet<number> {
    this.#run.look();
    return this.#leftOut;
  }

  /** Ends it. A trace that is narrowed to it hears of cgroups that are made later no more. */
  close(): void {
    for (const timer of this.#again) clearTimeout(timer);
    this.#run?.close();
    if (this.#ownsMap) this.map.close();
    this.#chosen.close();
    this.#stepMap.close();
  }

  #lookAtAll(names: ContainerNames = new ContainerNames()): void {
    for (let pass = 0; pass < PASSES; pass++) walkCgroups(0, (cgroup, above) => this.#look(cgroup, above, names));
  }

  /** Adds a cgroup that is seen if it is chosen. Returns the kinds that choose all below it. */
  #look({ id, path, directory }: SeenCgroup, above: number, names: ContainerNames): number {
    const own = this.choice.of(path, names);
    const was = this.#read(id);
    const below = above | own.below | (was?.below ?? 0);
    const itself = below | own.itself | (was?.itself ?? 0);
    // Where the hierarchy is mounted twice, it may be on a path by one mount alone.
    const step = this.#steps.of(path) || (was?.step ?? 0);
    this.#decide(id, was, { itself, below, undecided: 0, step });
    // The kernel told of its removal before it was added.
    if (!existsSync(directory)) this.#drop(id);
    return below;
  }

  #read(id: number): Held | undefined {
    const value = this.#chosen.lookup(keyOf(id));
    if (!value) return undefined;
    const [itself, below, undecided, step] = new Uint32Array(value.buffer, value.byteOffset, 4);
    return { itself: itself!, below: below!, undecided: undecided!, step: step! };
  }

  /** Changes what the kernel holds of a cgroup. It may be removed meanwhile. */
  #decide(id: number, was: Held | undefined, now: Held): void {
    const { itself, below, undecided, step } = was ?? NOTHING;
    const isChosen = now.itself === this.choice.kinds;
    if (isChosen) this.#leftOut.delete(id);
    else if (undecided !== 0) this.#leaveOut(id);
    if (itself === now.itself && below === now.below && undecided === now.undecided && step === now.step) return;
    const key = keyOf(id);
    if (now.itself === 0 && now.step === 0) return this.#drop(id);
    const value = new Uint8Array(Uint32Array.of(now.itself, now.below, now.undecided, now.step).buffer);
    try {
      if (!was) this.#chosen.update(key, value);
      else if (!this.#chosen.replace(key, value)) return;
      if (isChosen) this.map.update(key, new Uint8Array(8));
      else if (undecided !== 0 && this.#ownsMap) this.map.delete(key);
    } catch (error) {
      if (!(error instanceof BpfError && error.code === "E2BIG")) throw error;
      this.#tellFull();
    }
    // The kernel removes one from what is chosen before it removes it from the set.
    if (isChosen && !this.#chosen.lookup(key)) this.map.delete(key);
  }

  #leaveOut(id: number): void {
    this.#leftOut.add(id);
    const [oldest] = this.#leftOut;
    if (this.#leftOut.size > MOST_LEFT_OUT) this.#leftOut.delete(oldest!);
  }

  #drop(id: number): void {
    this.map.delete(keyOf(id));
    this.#chosen.delete(keyOf(id));
  }

  #tellFull(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#tell(`not all cgroups are traced: the set can hold ${Math.min(MOST, this.map.info.maxEntries)}`);
  }

  /** Cgroups were made that are chosen or undecided. */
  #heard(batch: Batch<Made>): void {
    const names = new ContainerNames();
    this.#tellNew(() => {
      let isUnnamed = false;
      for (let i = 0; i < batch.length; i++) {
        const made = batch.row(i);
        // The kernel has chosen it: this only finds out what for.
        if (made.itself !== 0 && this.#samePaths) this.choice.of(made.path, names);
        if (made.undecided !== 0) isUnnamed = !this.#judge(made, names) || isUnnamed;
      }
      if (isUnnamed) this.#lookAgain();
    });
  }

  /** Decides on a cgroup that was undecided when it was made. Returns false for a container that nobody names yet. */
  #judge({ id, itself, undecided, path }: Made, names: ContainerNames): boolean {
    if (Buffer.byteLength(path) >= PATH_BYTES - 1) {
      // Its name is cut off.
      this.#leaveOut(id);
      this.#lookAtAll(names);
      return true;
    }
    const own = this.choice.ofCandidate(path, names);
    const was = this.#read(id);
    const below = own.below | (was?.below ?? 0);
    if (was) this.#decide(id, { ...was, undecided }, { ...was, itself: own.itself | was.itself, below, undecided: 0 });
    else if ((own.itself | itself) !== this.choice.kinds) this.#leaveOut(id); // it is removed already
    return own.name.is !== "container" || Object.keys(names.of(own.name)).length > 0;
  }

  /** Looks, and tells of the selectors that choose something for the first time. */
  #tellNew(look: () => void): void {
    const { met } = this.choice;
    const before = met.size;
    look();
    if (met.size > before) this.#tell(`traced from now on: ${[...met].slice(before).join(", ")}`);
  }

  #lookAgain(): void {
    for (const timer of this.#again.splice(0)) clearTimeout(timer);
    for (const ms of AGAIN_MS) this.#again.push(setTimeout(() => this.#tellNew(() => this.#lookAtAll()), ms).unref());
  }
}

function askedPaths({ kind, withBelow, byKernel: { path, directories = [] } }: Selector): AskedPath[] {
  const bit = kindBit(kind);
  const paths = path === undefined ? directories : [path];
  return paths.map((one) => ({ path: one, itself: bit, below: withBelow ? bit : 0 }));
}
