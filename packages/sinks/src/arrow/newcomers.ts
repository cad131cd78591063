import type { Records } from "@rxbpf/core/events";

import type { Snapshot } from "./notes.js";

/** Processes and cgroups that events mention and no snapshot has named yet. */
export interface Newcomers {
  /**
   * The `execId` of each process, by pid: a snapshot must not name a process after a later exec, or after another
   * process with its pid.
   */
  readonly processes: ReadonlyMap<number, number>;
  readonly cgroupIds: ReadonlySet<number>;
}

/** How many are remembered before all are forgotten. Forgotten ones are named once more; nothing else happens. */
const MOST_KNOWN = 100_000;
/** How many wait to be looked up. Beyond that, processes end before they could be looked up. */
const MOST_WAITING = 1000;
/** The largest share of time that looking up processes may take. */
const SHARE = 1 / 10;
const NONE: ReadonlyMap<number, number> = new Map();

/** Finds processes and cgroups that events mention for the first time. A process is one pid with one `execId`. */
export class Attendance {
  readonly #find: (newcomers?: Newcomers) => Snapshot | undefined;
  /** The last `execId` seen, by pid. */
  readonly #seen = new Map<number, number>();
  readonly #cgroups = new Set<number>();
  /** The last `execId` named, by pid; and the cgroups that were named. */
  readonly #told = new Map<number, number>();
  readonly #named = new Set<number>();
  #waiting = new Map<number, number>();
  #cgroupIds = new Set<number>();
  #begun = false;
  /** When processes may be looked up next. */
  #notBefore = 0;

  /** @param find looks up newcomers, or all running processes and cgroups if it is given none */
  constructor(find: (newcomers?: Newcomers) => Snapshot | undefined) {
    this.#find = find;
  }

  /**
   * Forgets everything, and returns a snapshot of all that runs now and of what events have mentioned already.
   * @param cgroupIds those of events that are written next
   */
  begin(cgroupIds: ReadonlySet<number>): Snapshot | undefined {
    this.#forget();
    for (const id of cgroupIds) this.#seeCgroup(id);
    this.#begun = true;
    this.#notBefore = 0;
    const all = this.#find();
    for (const { pid, execId } of all?.processes ?? [])
      if (this.#waiting.get(pid) === execId) this.#waiting.delete(pid);
    for (const { id } of all?.cgroups ?? []) this.#cgroupIds.delete(id);
    const told = all && this.#tell(all);
    const news = this.look();
    if (!told || !news) return told ?? news;
    return {
      ...told,
      processes: [...told.processes, ...news.processes],
      cgroups: [...told.cgroups, ...news.cgroups],
    };
  }

  /** Takes records. Their schema must have the fields of `who`, as that of every probe does. */
  records({ layout: { places }, memory: { u32 }, positions, count }: Records): void {
    const word = (name: string): number => places.find((place) => place.name === name)!.offset >>> 2;
    const [pid, exec, cgroup] = [word("pid"), word("execId"), word("cgroupId")];
    let pidBefore = -1;
    let lowBefore = -1;
    let highBefore = -1;
    let cgroupBefore = -1;
    for (let i = 0; i < count; i++) {
      const at = positions[i]! >>> 2;
      const id = u32[at + pid]!;
      const low = u32[at + exec]!;
      const high = u32[at + exec + 1]!;
      const group = u32[at + cgroup + 1]! * 2 ** 32 + u32[at + cgroup]!;
      // Most events belong to the same process as the event before.
      if (id === pidBefore && low === lowBefore && high === highBefore && group === cgroupBefore) continue;
      pidBefore = id;
      lowBefore = low;
      highBefore = high;
      cgroupBefore = group;
      this.#see(id, high * 2 ** 32 + low);
      this.#seeCgroup(group);
    }
  }

  row(row: unknown): void {
    const { pid, execId, cgroupId } = (row ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof pid === "number" && typeof execId === "number") this.#see(pid, execId);
    if (typeof cgroupId === "number") this.#seeCgroup(cgroupId);
  }

  /**
   * Looks up newcomers, if there are any: cgroups at once, so that their names stand beside their events, and processes when that
   * is due. Returns those that were not named before.
   */
  look(): Snapshot | undefined {
    if (!this.#begun || (this.#waiting.size === 0 && this.#cgroupIds.size === 0)) return undefined;
    const start = performance.now();
    const isDue = start >= this.#notBefore;
    if (!isDue && this.#cgroupIds.size === 0) return undefined;
    const found = this.#find({ processes: isDue ? this.#waiting : NONE, cgroupIds: this.#cgroupIds });
    this.#cgroupIds = new Set();
    if (isDue) {
      const now = performance.now();
      this.#waiting = new Map();
      this.#notBefore = now + (now - start) * (1 / SHARE - 1);
    }
    const news = found && this.#tell(found);
    return news && news.processes.length + news.cgroups.length > 0 ? news : undefined;
  }

  #see(pid: number, execId: number): void {
    if (this.#seen.get(pid) === execId) return;
    this.#seen.set(pid, execId);
    if (this.#waiting.size < MOST_WAITING) this.#waiting.set(pid, execId);
  }

  #seeCgroup(id: number): void {
    if (this.#cgroups.has(id)) return;
    this.#cgroups.add(id);
    this.#cgroupIds.add(id);
  }

  #tell(snapshot: Snapshot): Snapshot {
    if (this.#seen.size + this.#told.size + this.#named.size > MOST_KNOWN) this.#forget();
    const processes = snapshot.processes.filter(({ pid, execId }) => this.#told.get(pid) !== execId);
    for (const { pid, execId } of processes) {
      this.#seen.set(pid, execId);
      this.#told.set(pid, execId);
    }
    const cgroups = snapshot.cgroups.filter(({ id }) => !this.#named.has(id));
    for (const { id } of cgroups) {
      this.#cgroups.add(id);
      this.#named.add(id);
    }
    return { ...snapshot, processes, cgroups };
  }

  #forget(): void {
    this.#seen.clear();
    this.#cgroups.clear();
    this.#told.clear();
    this.#named.clear();
  }
}
