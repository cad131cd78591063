import { rmdirSync, unlinkSync } from "node:fs";

import { BpfError, MapMismatchError } from "@rxbpf/core";
import { BpfMap, MapType, requireCapabilities } from "@rxbpf/core/bpf";

import { holdersOf, makePlace, mapTypeName, openIfMap, openPin, pins } from "./bpffs.js";
import { errorCode } from "./file-systems.js";
import { idOf, keyOf } from "./keys.js";
import { guessKind, type Kind, KINDS, type Member, namedKind, type SetKind } from "./set-kind.js";

/**
 * A member of a set, given by its id, by a path (a cgroup's directory, or one like /proc/PID/ns/mnt), or by a process
 * that is in the cgroup or namespace.
 */
export type SetMember = number | string | { readonly pid: number };

/** Options for opening a set. */
export interface OpenSetOptions {
  /** Allows changes even if its map has another name than a set's: `cgroupset`, `mount_ns_set` or `mnt_ns_set`. */
  readonly force?: boolean | undefined;
}

const KEY_SIZE = 8;

/**
 * A set of cgroups or of mount namespaces in a map pinned on bpffs: the interface of BCC's `--cgroupmap` and
 * `--mntnsmap`. Any program may edit a set, whichever made it; running traces follow at once. Needs CAP_BPF and the
 * right to read the pin.
 */
export class PinnedSet {
  readonly path: string;
  readonly type: SetKind;
  /** The map itself. Valid until the set is closed. */
  readonly map: BpfMap;
  readonly #kind: Kind;
  readonly #force: boolean;
  /** The directory, if it was made for the pin. */
  readonly #madeDirectory: string | undefined;

  private constructor(
    path: string,
    type: SetKind,
    map: BpfMap,
    { force = false, madeDirectory }: OpenSetOptions & { readonly madeDirectory?: string | undefined },
  ) {
    this.#force = force;
    this.path = path;
    this.type = type;
    this.map = map;
    this.#kind = KINDS[type];
    this.#madeDirectory = madeDirectory;
  }

  /**
   * Makes an empty set of the same shape as BCC's tools do, with mode 0600. If the last directory of `path` is missing,
   * it is made. The caller must close the set; the pin stays.
   * @param options.maxEntries how many members the set can hold
   * @throws NotSupportedError without CAP_BPF; BpfError; Error if `path` cannot be used
   */
  static create(path: string, type: SetKind, { maxEntries = 1024 }: { readonly maxEntries?: number } = {}): PinnedSet {
    requireCapabilities(`create ${path}`, ["CAP_BPF"]);
    const { mapNames, valueSize } = KINDS[type];
    const madeDirectory = makePlace(path);
    let map: BpfMap | undefined;
    try {
      map = BpfMap.create({ type: MapType.hash, name: mapNames[0], keySize: KEY_SIZE, valueSize, maxEntries });
      map.pin(path);
      return new PinnedSet(path, type, map, { madeDirectory });
    } catch (error) {
      map?.close();
      if (madeDirectory !== undefined) rmdirSync(madeDirectory);
      throw error;
    }
  }

  /**
   * Opens a pinned set. Any hash map with keys of 8 bytes can be read as a set. The caller must close it.
   * @param type if not given, it is told by the map's name in BCC, or else by its value size
   * @throws MapMismatchError for another kind of map or object; BpfError; NotSupportedError without CAP_BPF; Error if
   * `path` cannot be used
   */
  static open(path: string, type?: SetKind, options: OpenSetOptions = {}): PinnedSet {
    requireCapabilities(`open ${path}`, ["CAP_BPF"]);
    const map = openPin(path);
    try {
      const { type: mapType, keySize } = map.info;
      if (mapType !== MapType.hash)
        throw new MapMismatchError(`Cannot use ${path} as a set: its map is of type ${mapTypeName(mapType)}, not hash`);
      if (keySize !== KEY_SIZE)
        throw new MapMismatchError(
          `Cannot use ${path} as a set: the keys of its map have ${keySize} bytes, not ${KEY_SIZE}`,
        );
      const kind = type ?? guessKind(map.info);
      if (!kind)
        throw new MapMismatchError(
          `Cannot tell whether ${path} is a set of cgroups or of mount namespaces; say which with --type`,
        );
      return new PinnedSet(path, kind, map, options);
    } catch (error) {
      map.close();
      throw error;
    }
  }

  /**
   * All sets pinned on this machine's BPF file systems, found by the names of their maps, whoever made them. Maps that
   * may not be read are left out. The caller must close the sets.
   * @throws NotSupportedError without CAP_BPF
   */
  static all(): PinnedSet[] {
    requireCapabilities("look for sets", ["CAP_BPF"]);
    return pins().flatMap((path) => {
      const map = openIfMap(path);
      const kind = map?.info.type === MapType.hash && map.info.keySize === KEY_SIZE ? namedKind(map.info) : undefined;
      if (map && kind) return [new PinnedSet(path, kind, map, {})];
      map?.close();
      return [];
    });
  }

  /**
   * Adds all targets, or none if one cannot be added. The values of present members stay.
   * @throws MapMismatchError for a map that is no set by its name; Error if a target does not exist or is of the wrong
   * kind, or if the map is full
   */
  add(...targets: readonly SetMember[]): void {
    this.#requireSet();
    const ids = targets.map((target) => this.#id(target));
    for (const id of ids) {
      const misfit = this.#kind.misfit(id);
      if (misfit)
        throw new Error(`Cannot add ${id} to ${this.path}: it is ${misfit}, and this is a set of ${this.#kind.noun}s`);
    }
    const added: number[] = [];
    try {
      for (const id of ids) {
        if (this.map.lookup(keyOf(id))) continue;
        this.map.update(keyOf(id), new Uint8Array(this.map.info.valueSize));
        added.push(id);
      }
    } catch (error) {
      for (const id of added) this.map.delete(keyOf(id));
      if (error instanceof BpfError && error.code === "E2BIG") {
        const { maxEntries } = this.map.info;
        throw new Error(
          `Cannot add to ${this.path}: the set is full with ${maxEntries} members; delete dead ones or make a larger set`,
          { cause: error },
        );
      }
      throw error;
    }
  }

  /**
   * Removes a target; false if it was not a member.
   * @throws MapMismatchError for a map that is no set by its name; Error if a path or a process does not exist
   */
  delete(target: SetMember): boolean {
    this.#requireSet();
    return this.map.delete(keyOf(this.#id(target)));
  }

  /** Whether a target is a member. @throws Error if a path or a process does not exist */
  has(target: SetMember): boolean {
    return this.map.lookup(keyOf(this.#id(target))) !== undefined;
  }

  /**
   * The present members, each id with what it stands for.
   * @throws MapMismatchError if it holds a key that is no id
   */
  list(): Member[] {
    const member = this.#kind.snapshot();
    return this.ids().map(member);
  }

  /** Only the ids, the lowest first. @throws as `list` */
  ids(): number[] {
    return Array.from(this.map.entries(), ({ key }) => this.#idOf(key)).sort((a, b) => a - b);
  }

  /**
   * For an id that cannot be in such a set: what it is, and which option to use instead. Undefined for an id that can.
   */
  misfit(id: number): string | undefined {
    const misfit = this.#kind.misfit(id);
    if (!misfit) return undefined;
    const other = KINDS[this.type === "cgroup" ? "mntns" : "cgroup"];
    return `${id}, which is ${misfit}; use ${other.option}`;
  }

  /** Whether it is empty and still pinned, and nobody else on this machine has its map open, as far as can be seen. */
  isUnused(): boolean {
    if (this.ids().length > 0) return false;
    const pinned = openIfMap(this.path);
    const isPinned = pinned?.info.id === this.map.info.id;
    pinned?.close();
    return isPinned && holdersOf(this.map.info.id) === 1;
  }

  /**
   * Removes the pin, and its directory if that was made for the pin and is empty. The map lives on while it is in use.
   * @throws MapMismatchError for a map that is no set by its name
   */
  unpin(): void {
    this.#requireSet();
    unlinkSync(this.path);
    if (this.#madeDirectory === undefined) return;
    try {
      rmdirSync(this.#madeDirectory);
    } catch (error) {
      if (errorCode(error) !== "ENOTEMPTY") throw error;
    }
  }

  /** Closes the map; the set stays pinned. May be called twice. */
  close(): void {
    this.map.close();
  }

  /** Refuses to change another program's map of the same shape by mistake. */
  #requireSet(): void {
    if (this.#force || namedKind(this.map.info)) return;
    const { name } = this.map.info;
    const called = name === "" ? "has no name" : `is called ${name}`;
    throw new MapMismatchError(
      `Cannot change ${this.path}: its map ${called}, and may be another program's; if it is a set, give --force (in a script: force: true)`,
    );
  }

  #id(target: SetMember): number {
    if (typeof target === "string") return this.#kind.ofPath(target);
    if (typeof target === "object") return this.#kind.ofProcess(target.pid);
    if (!Number.isSafeInteger(target) || target < 1)
      throw new RangeError(`Cannot use ${target} as an id: an id is a positive whole number`);
    return target;
  }

  #idOf(key: Uint8Array): number {
    const id = idOf(key);
    if (id <= Number.MAX_SAFE_INTEGER) return Number(id);
    const hex = Buffer.from(key)
      .toString("hex")
      .replace(/..(?=.)/g, "$& ");
    throw new MapMismatchError(
      `Cannot use ${this.path}: it holds the key ${hex}, which is no id (are its bytes in reverse?); remove it: bpftool map delete pinned ${this.path} key hex ${hex}`,
    );
  }
}
