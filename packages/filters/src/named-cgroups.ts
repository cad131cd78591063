import { readFileSync } from "node:fs";

import { type EventOf, textOf } from "@rxbpf/core";
import { BpfMap, MapType, type ObjectSpec, requireCapabilities, ring, sourceOf } from "@rxbpf/core/bpf";
import { type NamedCgroup, type Run, schema, u64 } from "@rxbpf/core/events";
import { inFirstNamespace } from "@rxbpf/core/system";

import { type CgroupName, cgroupName } from "./cgroup-name.js";
import { type ContainerName, ContainerNames } from "./container-names.js";
import { keyOf } from "./keys.js";
import { CGROUP2_MISSING, cgroupMounts } from "./mounts.js";
import { walkCgroups } from "./walk-cgroups.js";

/** How many cgroups are remembered, those that are gone among them. The oldest are forgotten. */
const MOST = 65_536;
/** As bpf/filters/name_cgroups.bpf.c has them. */
const PLACES = { type: MapType.lruHash, name: "places", keySize: 8, valueSize: 1024, maxEntries: 2048 };
/** Of a name that an engine tells, which somebody else has chosen. */
const MOST_CHARACTERS = 512;
/** When to look again for the name of a container that nobody tells yet; and for how many at a time. */
const AGAIN_MS = [250, 1_000, 4_000];
const MOST_AGAIN = 256;
/** The largest share of time that reading the tree, or asking engines, may take. */
const SHARE = 1 / 10;

const madeCgroup = schema("cgroup_made", { id: u64("its id") });

const spec: ObjectSpec = {
  name: "what names cgroups",
  bytes: () => readFileSync(new URL("../bpf/name_cgroups.bpf.o", import.meta.url)),
  variants: [{ programs: ["made"] }],
};

/**
 * The names of cgroups by the id that the kernel records, also of those that are gone: the tree is read at the start, and
 * the kernel remembers where others are made later. A container is looked up at its engine once it is known, as the engine
 * forgets it when it goes.
 */
export class NamedCgroups {
  /** What was asked for; null for an id that is nowhere. */
  readonly #named = new Map<number, NamedCgroup | null>();
  /** Where cgroups were when the tree was read. */
  readonly #paths = new Map<number, string>();
  /** Containers that nobody has named yet, and ids that are nowhere: since when, and how often they were looked for again. */
  readonly #unnamed = new Map<number, { readonly since: number; again: number }>();
  readonly #made: BpfMap;
  readonly #run: Run;
  /** Paths in the kernel's word of a cgroup are those that this process sees. */
  readonly #samePaths = inFirstNamespace("cgroup");
  readonly #reading = new Allowance();
  readonly #asking = new Allowance();
  #engines = new ContainerNames();
  #lookingAgain: NodeJS.Timeout | undefined;

  /** Needs CAP_BPF and CAP_PERFMON. The caller closes it. @throws NotSupportedError, BpfError */
  constructor() {
    requireCapabilities("name cgroups");
    this.#made = BpfMap.create(PLACES);
    try {
      const source = sourceOf<EventOf<typeof madeCgroup>>(spec, ring("made_cgroups", madeCgroup), () => ({
        maps: { places: this.#made },
      }));
      this.#run = source({
        batch: (batch) => {
          for (let i = 0; i < batch.length; i++) this.of(batch.row(i).id);
        },
        // Those that it could not tell of are looked for with their first event.
        status() {},
        error() {},
        complete() {},
      });
    } catch (error) {
      this.#made.close();
      throw error;
    }
    try {
      this.#readTree();
      for (const [id, path] of this.#paths) if (cgroupName(path).is === "container") this.of(id);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** What a person should know; undefined if there is nothing. */
  get notice(): string | undefined {
    return cgroupMounts().length > 0 ? undefined : `cgroups that were there before are not named: ${CGROUP2_MISSING}`;
  }

  /**
   * What a cgroup is called; undefined for one that is out of sight from here. It remembers the answer: the same id gives the
   * same until the event loop turns.
   */
  of(id: number): NamedCgroup | undefined {
    if (id === 0) return undefined; // of no process
    const named = this.#named.get(id);
    return named === undefined ? this.#find(id) : (named ?? undefined);
  }

  /** Removes its program from the kernel. */
  close(): void {
    clearInterval(this.#lookingAgain);
    this.#run.close();
    this.#made.close();
  }

  #find(id: number): NamedCgroup | undefined {
    const path = this.#paths.get(id) ?? this.#madeAt(id) ?? this.#readFor(id);
    const named = path === undefined ? undefined : this.#name(id, path);
    if (!named || isUnnamed(named)) this.#lookAgainFor(id);
    remember(this.#named, id, named ?? null);
    return named;
  }

  #name(id: number, path: string): NamedCgroup {
    return named(id, path, { of: (name) => this.#called(name) });
  }

  /** What engines call a container. They are asked anew, as they remember what they were asked. */
  #called(name: CgroupName): ContainerName {
    if (name.containerId === undefined) return {};
    return this.#asking.measure(
      () => void (this.#engines = new ContainerNames()),
      () => this.#engines.of(name),
    );
  }

  #lookAgainFor(id: number): void {
    if (this.#unnamed.has(id) || this.#unnamed.size >= MOST_AGAIN) return;
    this.#unnamed.set(id, { since: performance.now(), again: 0 });
    this.#lookingAgain ??= setInterval(() => this.#lookAgain(), AGAIN_MS[0]).unref();
  }

  #lookAgain(): void {
    const now = performance.now();
    for (const [id, looked] of this.#unnamed) {
      if (now - looked.since < AGAIN_MS[looked.again]!) continue;
      looked.again++;
      const before = this.#named.get(id);
      if (before) this.#named.set(id, this.#name(id, before.path));
      // It is looked for when it is asked for.
      else if (looked.again < AGAIN_MS.length) this.#named.delete(id);
      const isDone = before && !isUnnamed(this.#named.get(id)!);
      if (isDone || looked.again === AGAIN_MS.length) this.#unnamed.delete(id);
    }
    if (this.#unnamed.size > 0) return;
    clearInterval(this.#lookingAgain);
    this.#lookingAgain = undefined;
  }

  /** Where the kernel says that it was made. */
  #madeAt(id: number): string | undefined {
    const bytes = this.#made.lookup(keyOf(id));
    if (!bytes) return undefined;
    const length = bytes.indexOf(0);
    const isWhole = length >= 0 && length < bytes.length - 1;
    const path = textOf(Buffer.from(bytes.subarray(0, length < 0 ? bytes.length : length)));
    return (this.#samePaths && isWhole ? undefined : this.#readFor(id)) ?? path;
  }

  #readFor(id: number): string | undefined {
    this.#reading.measure(
      () => this.#readTree(),
      () => {},
    );
    return this.#paths.get(id);
  }

  #readTree(): void {
    walkCgroups(undefined, ({ id, path }) => {
      if (!this.#paths.has(id)) remember(this.#paths, id, fromTop(path));
    });
  }
}

/** A path that begins above the root of this process's cgroup namespace, from the top that is seen: as the kernel has it. */
function fromTop(path: string): string {
  return path.replace(/^(?:\/\.\.)+(?=\/|$)/, "") || "/";
}

/** What the cgroups are called that are there now. */
export function cgroupsNow(names: ContainerNames = new ContainerNames()): Map<number, NamedCgroup> {
  const found = new Map<number, NamedCgroup>();
  walkCgroups(undefined, ({ id, path }) => {
    if (!found.has(id)) found.set(id, named(id, fromTop(path), names));
  });
  return found;
}

/** A cgroup with its names. @param engines ask them about a container */
function named(id: number, path: string, engines: Pick<ContainerNames, "of">): NamedCgroup {
  const name = cgroupName(path);
  const called = engines.of(name);
  const container = called.name?.slice(0, MOST_CHARACTERS) ?? name.containerId;
  const pod = called.pod?.slice(0, MOST_CHARACTERS) ?? name.pod?.uid;
  return {
    id,
    path,
    ...(container !== undefined && { container }),
    ...(name.unit !== undefined && { unit: name.unit }),
    ...(pod !== undefined && { pod }),
  };
}

/** Whether it is in a container of which only the id is known. */
function isUnnamed({ path, container }: NamedCgroup): boolean {
  return container !== undefined && container === cgroupName(path).containerId;
}

/** Work that may take a share of the time. */
class Allowance {
  #notBefore = 0;

  /** Does the costly work first, if it may, and then the other. */
  measure<T>(costly: () => void, then: () => T): T {
    const start = performance.now();
    const may = start >= this.#notBefore;
    if (may) costly();
    const result = then();
    const end = performance.now();
    if (may) this.#notBefore = end + (end - start) * (1 / SHARE - 1);
    return result;
  }
}

/** Keeps a value, and forgets the oldest beyond the limit. */
function remember<V>(map: Map<number, V>, id: number, value: V): void {
  if (map.size >= MOST && !map.has(id)) map.delete(map.keys().next().value!);
  map.set(id, value);
}
