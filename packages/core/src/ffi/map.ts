import { closeSync, readlinkSync } from "node:fs";

import { BpfError, MapMismatchError } from "../errors.js";
import { possibleCpus } from "./cpus.js";
import { check } from "./errno.js";
import { libbpf } from "./libbpf.js";

/** Map types by the kernel's numbers, `enum bpf_map_type`. */
export const MapType = {
  hash: 1,
  array: 2,
  percpuHash: 5,
  percpuArray: 6,
  stackTrace: 7,
  lruHash: 9,
  lruPercpuHash: 10,
  ringbuf: 27,
} as const;

/** The shape of a map. Sizes are in bytes. */
export interface MapInfo {
  readonly type: number;
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly name: string;
  /** Whether each processor has a value of its own. */
  readonly perCpu: boolean;
}

/** Map types with a value for each processor. */
const PER_CPU: ReadonlySet<number> = new Set([MapType.percpuHash, MapType.percpuArray, MapType.lruPercpuHash]);
/** include/uapi/linux/bpf.h */
const BPF_EXIST = 2;
const ENOENT = 2;
const ENOSPC = 28;

/** A view of a map that a loaded object owns and closes. */
export let borrowed: (fd: number) => BpfMap;
/** The file descriptor of a map. */
export let fdOf: (map: BpfMap) => number;

/**
 * A map in the kernel, with keys and values as bytes. In a per-processor map, a value here is the value size, rounded
 * up to 8 bytes, times the number of possible processors. Whoever creates or opens a map must close it. The kernel
 * frees it with its last user.
 */
export class BpfMap {
  #fd: number;
  readonly #owned: boolean;
  /** The size of a value as system calls read and write it. */
  readonly #valueBytes: number;
  readonly info: MapInfo;

  private constructor(fd: number, owned: boolean) {
    this.#fd = fd;
    this.#owned = owned;
    this.info = mapInfo(fd);
    const { perCpu, valueSize } = this.info;
    this.#valueBytes = perCpu ? Math.ceil(valueSize / 8) * 8 * possibleCpus() : valueSize;
  }

  /** Creates a map, unpinned. Needs CAP_BPF. @throws BpfError */
  static create(options: Omit<MapInfo, "id" | "perCpu">): BpfMap {
    const { type, name, keySize, valueSize, maxEntries } = options;
    const fd = libbpf().bpf_map_create(type, name, keySize, valueSize, maxEntries, null);
    return new BpfMap(check("bpf_map_create", fd, `create the map ${name}`), true);
  }

  /**
   * Opens the map pinned at `path`. @throws BpfError, with `ENOENT` if nothing is there; MapMismatchError for another
   * kind of object
   */
  static open(path: string): BpfMap {
    const fd = check("bpf_obj_get", libbpf().bpf_obj_get(path), `open ${path} as a pinned map`);
    // Programs and links can be pinned too.
    if (readlinkSync(`/proc/self/fd/${fd}`) !== "anon_inode:bpf-map") {
      closeSync(fd);
      throw new MapMismatchError(`Cannot open ${path} as a pinned map: another kind of object is pinned there`);
    }
    return new BpfMap(fd, true);
  }

  static {
    borrowed = (fd) => new BpfMap(fd, false);
    fdOf = (map) => map.#fd;
  }

  /** Pins the map at a path on bpffs, where it outlives this process. @throws BpfError */
  pin(path: string): void {
    check("bpf_obj_pin", libbpf().bpf_obj_pin(this.#fd, path), `pin the map ${this.info.name} at ${path}`);
  }

  /** The value of a key, or undefined. @throws RangeError for a key of another length, BpfError */
  lookup(key: Uint8Array): Uint8Array | undefined {
    this.#require("key", key, this.info.keySize);
    const value = new Uint8Array(this.#valueBytes);
    return this.#found(libbpf().bpf_map_lookup_elem(this.#fd, key, value), "bpf_map_lookup_elem") ? value : undefined;
  }

  /** Sets the value of a key. @throws RangeError for other lengths, BpfError, with `E2BIG` if the map is full */
  update(key: Uint8Array, value: Uint8Array): void {
    check("bpf_map_update_elem", this.#set(key, value, 0), `update the map ${this.info.name}`);
  }

  /** The same of a key that is there; false if it is not. @throws RangeError for other lengths, BpfError */
  replace(key: Uint8Array, value: Uint8Array): boolean {
    const result = this.#set(key, value, BPF_EXIST);
    if (result === -ENOENT) return false;
    check("bpf_map_update_elem", result, `update the map ${this.info.name}`);
    return true;
  }

  #set(key: Uint8Array, value: Uint8Array, flags: number): number {
    this.#require("key", key, this.info.keySize);
    this.#require("value", value, this.#valueBytes);
    return libbpf().bpf_map_update_elem(this.#fd, key, value, flags);
  }

  /** Removes a key; false if it was not there. @throws RangeError for a key of another length, BpfError */
  delete(key: Uint8Array): boolean {
    this.#require("key", key, this.info.keySize);
    return this.#found(libbpf().bpf_map_delete_elem(this.#fd, key), "bpf_map_delete_elem");
  }

  /** All keys. If the map is edited meanwhile, a key may come twice or be missed. @throws BpfError */
  *keys(): Generator<Uint8Array> {
    let key: Uint8Array | null = null;
    for (;;) {
      const next = new Uint8Array(this.info.keySize);
      if (!this.#found(libbpf().bpf_map_get_next_key(this.#fd, key, next), "bpf_map_get_next_key")) return;
      yield next;
      key = next;
    }
  }

  /**
   * All entries, read with one system call per thousand. With `take`, entries are removed as they are read, so that no
   * count is seen twice; then read to the end, or entries that are removed but not yet handed out are lost. Needs
   * kernel 5.6.
   * @throws BpfError
   */
  *entries(take: boolean = false): Generator<{ key: Uint8Array; value: Uint8Array }> {
    const { keySize, maxEntries } = this.info;
    const valueSize = this.#valueBytes;
    const read = take ? "bpf_map_lookup_and_delete_batch" : "bpf_map_lookup_batch";
    const most = Math.min(maxEntries, 1024);
    const keys = new Uint8Array(most * keySize);
    const values = new Uint8Array(most * valueSize);
    // The kernel's cursor: a u32 for hash maps, a key for arrays.
    const position = new Uint8Array(Math.max(keySize, 4));
    let from: Uint8Array | null = null;
    for (let more = true; more;) {
      const count = [most];
      const result: number = libbpf()[read](this.#fd, from, position, keys, values, count, null);
      more = this.#found(result, read);
      for (let i = 0; i < (count[0] ?? 0); i++) {
        yield {
          key: keys.slice(i * keySize, (i + 1) * keySize),
          value: values.slice(i * valueSize, (i + 1) * valueSize),
        };
      }
      from = position;
    }
  }

  /** May be called twice. */
  close(): void {
    if (this.#owned && this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Checks a length. The kernel takes none: it reads and writes as many bytes as the map's sizes say. */
  #require(what: string, { length }: Uint8Array, size: number): void {
    if (length === size) return;
    throw new RangeError(
      `Cannot use a ${what} of ${length} bytes in the map ${this.info.name}: its ${what}s have ${size}`,
    );
  }

  #found(result: number, operation: string): boolean {
    if (result === -ENOENT) return false;
    if (result === -ENOSPC)
      throw new BpfError(
        `Cannot read the map ${this.info.name}: a bucket holds more entries than one read takes`,
        operation,
        ENOSPC,
        "ENOSPC",
      );
    check(operation, result, `read the map ${this.info.name}`);
    return true;
  }
}

/** The first members of `struct bpf_map_info`, include/uapi/linux/bpf.h. */
function mapInfo(fd: number): MapInfo {
  const bytes = Buffer.alloc(80);
  check("bpf_obj_get_info_by_fd", libbpf().bpf_obj_get_info_by_fd(fd, bytes, [bytes.length]));
  const name = bytes.subarray(24, 40);
  return {
    type: bytes.readUInt32LE(0),
    id: bytes.readUInt32LE(4),
    keySize: bytes.readUInt32LE(8),
    valueSize: bytes.readUInt32LE(12),
    maxEntries: bytes.readUInt32LE(16),
    name: name.toString("latin1", 0, Math.max(name.indexOf(0), 0)),
    perCpu: PER_CPU.has(bytes.readUInt32LE(0)),
  };
}
