import koffi from "koffi";

import { check } from "./errno.js";
import { libc } from "./libc.js";
import { BpfMap } from "./map.js";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const PAGE = 4096;

/**
 * A BPF ring buffer mapped into this process. The kernel maps the data twice, one after
 * the other, so that a record that wraps is still in one piece.
 * Layout: kernel/bpf/ringbuf.c; one page with the consumer's position, one with the
 * producer's, then the data.
 */
export class RingMapping {
  /** Bytes of data before they repeat; a power of two. */
  readonly size: number;
  /** The data, twice over. */
  readonly data: ArrayBuffer;
  /** Where `data` starts in its buffer. */
  readonly start: number = PAGE;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #mappings: { address: bigint; length: number }[] = [];
  readonly #fd: number;

  constructor(map: BpfMap) {
    this.#fd = BpfMap.fd(map);
    this.size = map.info.maxEntries;
    this.#consumer = new BigUint64Array(this.#mmap(PAGE, PROT_READ | PROT_WRITE, 0), 0, 1);
    this.data = this.#mmap(PAGE + 2 * this.size, PROT_READ, PAGE);
    this.#producer = new BigUint64Array(this.data, 0, 1);
  }

  /** How many bytes were written since the ring was made. */
  produced(): number {
    return Number(Atomics.load(this.#producer, 0));
  }

  /** Gives the bytes up to this position back to the kernel. */
  consume(position: number): void {
    Atomics.store(this.#consumer, 0, BigInt(position));
  }

  /** Calls back, possibly often, while there is something to read. The caller closes what it gets. */
  poll(ready: () => void): { start(): void; stop(): void; close(): void } {
    const handle = koffi.node.poll(this.#fd, { readable: true }, ready);
    handle.stop();
    return {
      start: () => handle.start({ readable: true }, ready),
      stop: () => handle.stop(),
      close: () => handle.close(),
    };
  }

  /** Unmaps the memory. Nothing may read `data` after this: the process would be killed. */
  close(): void {
    for (const { address, length } of this.#mappings.splice(0)) libc().munmap(address, length);
  }

  #mmap(length: number, protection: number, offset: number): ArrayBuffer {
    const address: bigint = libc().mmap(null, length, protection, MAP_SHARED, this.#fd, offset);
    if (address === 0xffffffffffffffffn || address === -1n) {
      this.close();
      check("mmap", -1, `map a ring buffer of ${this.size} bytes into memory`);
    }
    this.#mappings.push({ address, length });
    return koffi.view(address, length);
  }
}
