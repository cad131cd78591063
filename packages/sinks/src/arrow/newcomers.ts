import type { Records } from "@rxbpf/core";

import type { Snapshot } from "./notes.js";

/** What events tell of and no snapshot has told yet. */
export interface Newcomers {
  readonly pids: ReadonlySet<number>;
  readonly cgroupIds: ReadonlySet<number>;
}

/** So many are remembered before all are forgotten: they would be told again, and no more than that. */
const MOST_KNOWN = 100_000;
/** So many wait to be looked for; the others end before anybody could. */
const MOST_WAITING = 1000;
/** Looking takes at most this part of the time. */
const SHARE = 1 / 10;

/** Finds processes and cgroups that events tell of for the first time. A process that has become another is new too. */
export class Attendance {
  readonly #find: (newcomers?: Newcomers) => Snapshot | undefined;
  readonly #known = new Set<number>();
  readonly #cgroups = new Set<number>();
  /** What was told of each process, and which cgroups were named. */
  readonly #told = new Map<number, string>();
  readonly #named = new Set<number>();
  #pids = new Set<number>();
  #cgroupIds = new Set<number>();
  /** When it may look again; not before it has begun. */
  #notBefore = Infinity;

  /** @param find gives what there is now of newcomers; of all if it is given none */
  constructor(find: (newcomers?: Newcomers) => Snapshot | undefined) {
    this.#find = find;
  }

  /** Forgets all, and gives what there is now. */
  begin(): Snapshot | undefined {
    this.#forget();
    this.#notBefore = 0;
    const snapshot = this.#find();
    for (const { pid } of snapshot?.processes ?? []) this.#pids.delete(pid);
    for (const { id } of snapshot?.cgroups ?? []) this.#cgroupIds.delete(id);
    return snapshot && this.#tell(snapshot);
  }

  /** Records of a schema that says who, as that of every probe does. */
  records({ layout: { places }, memory: { u32 }, positions, count }: Records): void {
    const word = (name: string): number => places.find((place) => place.name === name)!.offset >>> 2;
    const [pid, comm, cgroup] = [word("pid"), word("comm"), word("cgroupId")];
    let before = -1;
    for (let i = 0; i < count; i++) {
      const at = positions[i]! >>> 2;
      const name = at + comm;
      const key = keyOf(u32[at + pid]!, u32[name]!, u32[name + 1]!, u32[name + 2]!, u32[name + 3]!);
      // Most events are of the process of the one before.
      if (key === before) continue;
      before = key;
      this.#see(key, u32[at + pid]!, u32[at + cgroup + 1]! * 2 ** 32 + u32[at + cgroup]!);
    }
  }

  row(row: unknown): void {
    const { pid, comm, cgroupId } = (row ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof pid === "number" && typeof comm === "string" && typeof cgroupId === "number")
      this.#see(keyOfName(pid, comm), pid, cgroupId);
  }

  /** Looks for who is new, where somebody is and it is time to. Gives what was not told before. */
  look(): Snapshot | undefined {
    const start = performance.now();
    if ((this.#pids.size === 0 && this.#cgroupIds.size === 0) || start < this.#notBefore) return undefined;
    const found = this.#find({ pids: this.#pids, cgroupIds: this.#cgroupIds });
    this.#pids = new Set();
    this.#cgroupIds = new Set();
    const now = performance.now();
    this.#notBefore = now + (now - start) * (1 / SHARE - 1);
    const news = found && this.#tell(found);
    return news && news.processes.length + news.cgroups.length > 0 ? news : undefined;
  }

  #see(key: number, pid: number, cgroupId: number): void {
    if (!this.#known.has(key)) {
      this.#known.add(key);
      if (this.#pids.size < MOST_WAITING) this.#pids.add(pid);
    }
    if (!this.#cgroups.has(cgroupId)) {
      this.#cgroups.add(cgroupId);
      this.#cgroupIds.add(cgroupId);
    }
  }

  #tell(snapshot: Snapshot): Snapshot {
    if (this.#known.size + this.#told.size + this.#named.size > MOST_KNOWN) this.#forget();
    const processes = snapshot.processes.filter((process) => {
      const text = [process.comm, ...process.args].join("\0");
      this.#known.add(keyOfName(process.pid, process.comm));
      const isNew = this.#told.get(process.pid) !== text;
      this.#told.set(process.pid, text);
      return isNew;
    });
    const cgroups = snapshot.cgroups.filter(({ id }) => !this.#named.has(id));
    for (const { id } of cgroups) {
      this.#cgroups.add(id);
      this.#named.add(id);
    }
    return { ...snapshot, processes, cgroups };
  }

  #forget(): void {
    this.#known.clear();
    this.#cgroups.clear();
    this.#told.clear();
    this.#named.clear();
  }
}

/** A number for a process of a name, given by its 16 bytes. */
function keyOf(pid: number, a: number, b: number, c: number, d: number): number {
  const name = Math.imul(Math.imul(Math.imul(a, 31) + b, 31) + c, 31) + d;
  return pid * 2 ** 31 + (name >>> 1);
}

const NAME_BYTES = 16;

function keyOfName(pid: number, comm: string): number {
  const bytes = Buffer.alloc(NAME_BYTES);
  bytes.write(comm);
  const [a, b, c, d] = [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at)) as [number, number, number, number];
  return keyOf(pid, a, b, c, d);
}
