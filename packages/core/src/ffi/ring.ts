import { native } from "./koffi.js";
import { type BpfMap, fdOf } from "./map.js";
import { Mapping, PAGE } from "./mapping.js";

/** The longest record: 16 bits give the offset of a text in it, and 16 bits its length. */
const LONGEST = 2 << 16;

/**
 * A BPF ring buffer mapped into this process. The kernel maps the data twice, one copy after the other, so that a
 * record that wraps is still in one piece. Of the second copy we map only what a record can need: mapping costs by the
 * page, and V8 collects garbage for large buffers. The layout is that of kernel/bpf/ringbuf.c: one page with the
 * consumer's position, one with the producer's, then the data.
 */
export class RingMapping {
  /** Bytes of data before they repeat; a power of two. */
  readonly size: number;
  /** The data, followed by its beginning once more. */
  readonly data: ArrayBuffer;
  /** Where `data` starts in its buffer. */
  readonly start: number = PAGE;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #mappings: readonly Mapping[];
  readonly #fd: number;

  constructor(map: BpfMap) {
    this.#fd = fdOf(map);
    this.size = map.info.maxEntries;
    const consumer = new Mapping(this.#fd, PAGE, 0, { writable: true });
    try {
      const producer = new Mapping(this.#fd, PAGE + this.size + Math.min(this.size, LONGEST), PAGE, {
        writable: false,
      });
      this.#mappings = [consumer, producer];
      this.data = producer.data;
    } catch (error) {
      consumer.close();
      throw error;
    }
    this.#consumer = new BigUint64Array(consumer.data, 0, 1);
    this.#producer = new BigUint64Array(this.data, 0, 1);
  }

  /** How many bytes were ever written to the ring. */
  produced(): number {
    return Number(Atomics.load(this.#producer, 0));
  }

  /** Gives the bytes up to this position back to the kernel. */
  consume(position: number): void {
    Atomics.store(this.#consumer, 0, BigInt(position));
  }

  /** Calls back, possibly often, while there is something to read. The caller must close the result. */
  poll(ready: () => void): { start(): void; stop(): void; close(): void } {
    const handle = native().node.poll(this.#fd, { readable: true }, ready);
    handle.stop();
    return {
      start: () => handle.start({ readable: true }, ready),
      stop: () => handle.stop(),
      close: () => handle.close(),
    };
  }

  /** Unmaps the memory. `data` must not be read after this: the process would be killed. */
  close(): void {
    for (const mapping of this.#mappings) mapping.close();
  }
}
