import type { RingMapping } from "../ffi/ring.js";

/** Positions of records, in bytes from the start of the ring's buffer. Valid only during the call. */
export type BatchHandler = (positions: Int32Array, count: number) => void;

const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;
const HEADER = 8;
const BATCH = 4096;
/** How long reading may take in one turn of the event loop. */
const TURN_MS = 10;
/** While events come, the ring is read this often. */
const PAUSE_MS = 10;
/** How long to wait for a record that is being written. A program needs a microsecond, but a hypervisor may stop its processor. */
const PATIENCE_MS = 1_000;

/**
 * Reads a ring in batches. While records come, it looks every 10 milliseconds and asks for no wake-up. When a look
 * finds nothing, it waits on the ring's file descriptor, which costs nothing until the next record. (Epoll reports a
 * ring ready as long as it has one byte, so waiting on it under load would wake for every event.)
 */
export class RingReader {
  readonly #ring: RingMapping;
  readonly #handle: BatchHandler;
  readonly #drained: () => void;
  readonly #lengths: Uint32Array;
  readonly #positions = new Int32Array(BATCH);
  readonly #poll: ReturnType<RingMapping["poll"]>;
  #position = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #reading = false;
  #closed = false;
  #holds = 0;
  #done: (() => void) | undefined;

  /** @param drained called after every look at the ring, whether it found records or not */
  constructor(ring: RingMapping, handle: BatchHandler, drained: () => void) {
    this.#ring = ring;
    this.#handle = handle;
    this.#drained = drained;
    this.#lengths = new Uint32Array(ring.data);
    this.#poll = ring.poll(() => {
      if (this.#closed) return;
      this.#poll.stop();
      this.#look();
    });
    this.#poll.start();
  }

  /** Reads until the ring is empty, then calls back. For a ring that nothing writes to any more. */
  finish(done: () => void): void {
    this.#cancel();
    this.#poll.stop();
    // A program that was still running when it was detached ends within this time.
    this.#timer = setTimeout(() => {
      this.#done = done;
      this.#look();
    }, PAUSE_MS);
  }

  /** Reads at once what has been written until now, also what a program is still writing. */
  look(): void {
    const end = this.#ring.produced();
    if (this.#position >= end || this.#closed || this.#reading || this.#holds > 0) return;
    let progress = performance.now();
    while (this.#position < end && !this.#closed && performance.now() < progress + PATIENCE_MS)
      if (this.#read(Infinity) > 0) progress = performance.now();
    if (!this.#closed) this.#drained();
  }

  /** Stops reading until `release`; the ring fills meanwhile. Each hold needs its own release. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    if (--this.#holds === 0 && !this.#closed) this.#schedule(true);
  }

  /** Stops for good and unmaps the ring, after the batch that is being handled. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll.close();
    this.#cancel();
    if (!this.#reading) this.#ring.close();
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#closed || this.#holds > 0) return;
    const deadline = performance.now() + TURN_MS;
    const count = this.#read(deadline);
    if (this.#closed) return;
    this.#drained();
    if (this.#closed || this.#holds > 0) return;
    if (performance.now() >= deadline) this.#schedule(true);
    // A record that is still being written is not readable, but keeps the descriptor ready: look again later.
    else if (count > 0 || this.#ring.produced() > this.#position) this.#schedule(false);
    else if (this.#done) this.#done();
    else this.#poll.start();
  }

  #cancel(): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    this.#timer = undefined;
  }

  #schedule(now: boolean): void {
    if (this.#timer) return;
    this.#timer = now ? setImmediate(() => this.#look()) : setTimeout(() => this.#look(), PAUSE_MS);
  }

  /** Reads batch after batch until the ring is empty or the time is up. Returns the number of records. */
  #read(deadline: number): number {
    if (this.#reading) return 0;
    this.#reading = true;
    let total = 0;
    try {
      for (let count = BATCH; count === BATCH;) {
        count = this.#gather();
        if (count > 0) this.#handle(this.#positions, count);
        if (this.#closed) break;
        this.#ring.consume(this.#position);
        total += count;
        if (this.#holds > 0 || performance.now() >= deadline) break;
      }
    } finally {
      this.#reading = false;
      if (this.#closed) this.#ring.close();
    }
    return total;
  }

  /** Notes where the next records are, up to a batch. Moves the position past them. */
  #gather(): number {
    const ring = this.#ring;
    const end = ring.produced();
    let position = this.#position;
    let count = 0;
    while (position < end && count < BATCH) {
      // Positions grow without end, past what `&` can handle.
      const at = ring.start + (position % ring.size);
      const length = Atomics.load(this.#lengths, at >>> 2);
      if (length >= BUSY) break;
      if ((length & DISCARD) === 0) this.#positions[count++] = at + HEADER;
      position += ((length & ~DISCARD) + HEADER + 7) & ~7;
    }
    this.#position = position;
    return count;
  }
}
