import { check } from "./errno.js";
import { native } from "./koffi.js";
import { libc } from "./libc.js";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
export const PAGE = 4096;

/** A part of a BPF map in this process's memory, shared with the programs that use the map. */
export class Mapping {
  /** Must not be read after `close`: the process would be killed. */
  readonly data: ArrayBuffer;
  #address: bigint | undefined;

  /**
   * @param offset where in the map the part begins, a multiple of the page size
   * @throws BpfError
   */
  constructor(fd: number, length: number, offset: number, { writable }: { writable: boolean }) {
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address: bigint = libc().mmap(null, length, protection, MAP_SHARED, fd, offset);
    if (address === 0xffffffffffffffffn || address === -1n)
      check("mmap", -1, `map ${length} bytes of a BPF map into memory`);
    this.#address = address;
    this.data = native().view(address, length);
  }

  /** May be called twice. */
  close(): void {
    if (this.#address !== undefined) libc().munmap(this.#address, this.data.byteLength);
    this.#address = undefined;
  }
}
