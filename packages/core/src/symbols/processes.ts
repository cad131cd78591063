import { performance } from "node:perf_hooks";

import type { CodeFile } from "./code-file.js";
import type { CodeFiles } from "./code-files.js";
import { Lru } from "./lru.js";
import { type Region, readMaps } from "./maps.js";
import type { Notify } from "./notices.js";
import type { PerfMap } from "./perf-map.js";
import { inProcess, openPerfMap, readStat, type Stat } from "./proc.js";

/** How long data that was read of a process counts as current. */
const FRESH_MS = 10;
/** How long to wait before looking again for a missing perf map. */
const SEEK_MS = 100;
/** How many regions with code are remembered of all processes together; each takes some hundred bytes. */
const MOST_REGIONS = 65_536;
/** A process counts for at least this many regions, so there are at most 1,024 processes. */
const LEAST_WEIGHT = 64;
/** Regions that the kernel maps into every process. */
const KERNELS = new Set(["[vdso]", "[vsyscall]"]);
/** How many regions are remembered of one process. */
const MOST_OF_PROCESS = 8192;
/** How many bytes the tables of all perf maps may take. */
const MOST_PERF_MAP_BYTES = 64 * 2 ** 20;
/** An open perf map counts for at least this many bytes, so at most 64 are open. */
const LEAST_PERF_MAP = 2 ** 20;

/** A region, and its file if that could be opened. */
export interface Mapped extends Region {
  /** See `CodeFile`. */
  readonly identity: string | undefined;
  readonly buildId: string | undefined;
  /** Whether the process may have generated the code: it is in no file, or in a file that is no program or library. */
  readonly made: boolean;
}

/** What is known about a process, even after its end. */
export interface Process extends Stat {
  /** Sorted by address. */
  readonly regions: readonly Mapped[];
  /** When it was last looked at, by `performance.now`. */
  asked: number;
  /** When a perf map was last looked for and not found. */
  sought: number;
}

/** What was noted about processes while they lived. */
export class Processes {
  readonly #files: CodeFiles;
  readonly #notify: Notify;
  readonly #processes = new Lru<number, Process>(MOST_REGIONS, ({ regions }) => Math.max(regions.length, LEAST_WEIGHT));
  readonly #perfMaps = new Lru<number, PerfMap>(
    MOST_PERF_MAP_BYTES,
    ({ bytes }) => Math.max(bytes, LEAST_PERF_MAP),
    (map) => map.close(),
  );

  constructor(files: CodeFiles, notify: Notify) {
    this.#files = files;
    this.#notify = notify;
  }

  /** Notes the process that has this id now. */
  note(pid: number): void {
    inProcess(pid, (folder) => {
      const stat = readStat(folder);
      if (this.#processes.get(pid)?.start !== stat.start) this.#perfMaps.delete(pid);
      this.#read(pid, folder, stat);
    });
  }

  /**
   * The process with this id that was last noted. It is read again if it still lives, unless that was done just now and
   * it has all the addresses.
   */
  get(pid: number, addresses: readonly bigint[] = []): Process | undefined {
    const known = this.#processes.get(pid);
    if (!known) this.note(pid);
    else if (
      performance.now() > known.asked + FRESH_MS ||
      addresses.some((one) => !regionAt(known.regions, Number(one)))
    ) {
      known.asked = performance.now();
      this.#inNoted(pid, (folder, stat) => this.#read(pid, folder, stat));
    }
    return this.#processes.get(pid);
  }

  /** The file of a region; undefined if it cannot be opened any more. */
  file(pid: number, region: Mapped): CodeFile | undefined {
    const { identity, path } = region;
    if (identity === undefined) return undefined;
    const held = this.#files.held(identity);
    if (held) return held;
    const mapped = this.#inNoted(pid, (folder) => this.#files.mapped(region, folder));
    return mapped?.identity === identity ? mapped : this.#files.again(identity, path);
  }

  /** The function at an address by the process's own perf map. */
  findMade(pid: number, address: number): { readonly name: string; readonly offset: number } | undefined {
    const map = this.#perfMaps.get(pid) ?? this.#openPerfMap(pid);
    const found = map?.find(address);
    if (map) this.#perfMaps.set(pid, map); // its weight may have changed
    if (map?.cut)
      this.#notify(
        `Cannot name all code that process ${pid} generates: only the first 262,144 functions of its perf map are read`,
      );
    return found;
  }

  close(): void {
    this.#processes.clear();
    this.#perfMaps.clear();
  }

  #read(pid: number, folder: string, stat: Stat): void {
    const known = this.#processes.get(pid);
    const before = known?.start === stat.start ? known : undefined;
    if (before?.fingerprint === stat.fingerprint) return;
    const now = this.#mapsOf(folder).map((region) => this.#identify(region, folder, before));
    if (before && now.length === 0) return; // it is ending
    const regions = merge(now, before?.regions ?? []);
    this.#processes.set(pid, { ...stat, regions, asked: performance.now(), sought: -Infinity });
    if (now.some(({ made }) => made) && !this.#perfMaps.get(pid)) this.#openPerfMap(pid);
  }

  #mapsOf(folder: string): Region[] {
    try {
      return readMaps(folder);
    } catch (error) {
      if (["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? ""))
        this.#notify("Cannot name functions of other users' processes: run as root, or with CAP_SYS_PTRACE");
      throw error;
    }
  }

  #identify(region: Region, folder: string, before: Process | undefined): Mapped {
    const same = before && regionAt(before.regions, region.start);
    if (same?.identity !== undefined && same.inode === region.inode && same.offset === region.offset)
      return { ...same, ...region };
    const file = region.inode === undefined ? undefined : this.#files.mapped(region, folder);
    const made = file ? !file.elf : region.inode === undefined && !KERNELS.has(region.path);
    return { ...region, identity: file?.identity, buildId: file?.buildId, made };
  }

  #openPerfMap(pid: number): PerfMap | undefined {
    const process = this.#processes.get(pid);
    if (!process || performance.now() < process.sought + SEEK_MS) return undefined;
    process.sought = performance.now();
    return this.#inNoted(pid, (folder, stat) => {
      const map = openPerfMap(folder, stat);
      this.#perfMaps.set(pid, map);
      return map;
    });
  }

  /** Runs an action if the process that was noted still lives. */
  #inNoted<T>(pid: number, action: (folder: string, stat: Stat) => T): T | undefined {
    return inProcess(pid, (folder) => {
      const stat = readStat(folder);
      return stat.start === this.#processes.get(pid)?.start ? action(folder, stat) : undefined;
    });
  }
}

/** The first region that ends after an address. */
function firstAfter(regions: readonly Mapped[], address: number): Mapped | undefined {
  let low = 0;
  let high = regions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (regions[middle]!.end <= address) low = middle + 1;
    else high = middle;
  }
  return regions[low];
}

/** The region that contains an address. */
export function regionAt(regions: readonly Mapped[], address: number): Mapped | undefined {
  const region = firstAfter(regions, address);
  return region && region.start <= address ? region : undefined;
}

/**
 * Merges present regions with former ones: where nothing is mapped now, the former file remains, such as an unloaded
 * library or the program before the last exec.
 */
function merge(now: readonly Mapped[], before: readonly Mapped[]): readonly Mapped[] {
  const gone = before.filter(({ identity, start, end }) => {
    const next = firstAfter(now, start);
    return identity !== undefined && !(next && next.start < end);
  });
  if (gone.length === 0) return now;
  return [...now, ...gone].slice(0, MOST_OF_PROCESS).sort((a, b) => a.start - b.start);
}
