import { BpfMap, MapType } from "@rxbpf/core/bpf";

/** As bpf/filters/follow_cgroups.bpf.c has them. */
const NAME_BYTES = 256;
const KEY_SIZE = 4 + NAME_BYTES;
const VALUE_SIZE = 12;
/** The step that all begin at: the topmost cgroup. */
const TOP = 1;
/** The step of a cgroup that is on no way, and that names anywhere begin at. */
const NONE = 0;

/** A path in the hierarchy, with the kinds of selectors that ask for it and for what is below, a bit each. */
export interface AskedPath {
  /** From the top, or the name alone of a directory that may be anywhere. */
  readonly path: string;
  readonly itself: number;
  readonly below: number;
}

interface Step {
  readonly from: number;
  readonly name: Buffer;
  readonly to: number;
  itself: number;
  below: number;
}

/**
 * Paths that need not be there yet, as steps from one directory to the next. With them the kernel sees at once that a cgroup is
 * made at such a path, though it looks only at the cgroup above and at a name.
 */
export class PathSteps {
  readonly #steps = new Map<string, Step>();

  constructor(paths: readonly AskedPath[]) {
    for (const { path, itself, below } of paths) {
      const last = path.startsWith("/") ? this.#stepsTo(path) : this.#step(path, NONE, path, NONE);
      if (!last) continue; // the topmost, which is always there
      last.itself |= itself;
      last.below |= below;
    }
  }

  #stepsTo(path: string): Step | undefined {
    let [at, from, last] = ["", TOP, undefined as Step | undefined];
    for (const name of path.split("/").filter((one) => one !== "")) {
      at += `/${name}`;
      last = this.#step(at, from, name, TOP + 1 + this.#steps.size);
      from = last.to;
    }
    return last;
  }

  #step(path: string, from: number, name: string, to: number): Step {
    const step = this.#steps.get(path) ?? { from, name: Buffer.from(name), to, itself: 0, below: 0 };
    this.#steps.set(path, step);
    return step;
  }

  /** Where a cgroup is on the way to one of the paths. */
  of(path: string): number {
    if (path === "/") return this.#steps.size > 0 ? TOP : NONE;
    return this.#steps.get(path)?.to ?? NONE;
  }

  /** As a map for the kernel's program. The caller closes it. */
  toMap(): BpfMap {
    const steps = [...this.#steps.values()].filter(({ name }) => name.length < NAME_BYTES);
    const shape = {
      type: MapType.hash,
      keySize: KEY_SIZE,
      valueSize: VALUE_SIZE,
      maxEntries: Math.max(steps.length, 1),
    };
    const map = BpfMap.create({ ...shape, name: "path_steps" });
    for (const { from, name, to, itself, below } of steps) {
      const key = new Uint8Array(KEY_SIZE);
      key.set(new Uint8Array(Uint32Array.of(from).buffer));
      key.set(name, 4);
      map.update(key, new Uint8Array(Uint32Array.of(to, itself, below).buffer));
    }
    return map;
  }
}
