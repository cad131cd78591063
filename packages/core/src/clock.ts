import { boottime, boottimeToUnix, type Difference } from "./ffi/clock.js";
import { timeNamespaceOffsetNs } from "./namespaces.js";
import { milliseconds } from "./schema/moment.js";

/** What is no setting of the clock, but how exactly the difference is measured. */
const SAME_NS = 1_000_000n;
const LOOK_MS = 1000;

interface Keeper {
  readonly tell: (message: string) => void;
  /** How far the clock had been set when that was told last. */
  told: bigint;
}

/**
 * The clock of events. The kernel stamps them with CLOCK_BOOTTIME, which goes on while the machine is suspended, and
 * which nobody can set. How far Unix time is ahead of it changes only when the machine's clock is set. All streams that
 * run at a time share one such difference, measured when the first of them starts: so their events compare exactly, and
 * time does not jump within a stream. If the clock is set while they run they are told, and go on as before.
 */
export class EventClock {
  readonly #measure: () => Difference;
  readonly #keepers = new Set<Keeper>();
  #offset: bigint | undefined;
  /** How far the clock had been set at the last look. */
  #set = 0n;
  #looking: NodeJS.Timeout | undefined;

  /** @param measure gives how far Unix time is ahead of CLOCK_BOOTTIME now */
  constructor(measure: () => Difference) {
    this.#measure = measure;
  }

  /** Nanoseconds from CLOCK_BOOTTIME to Unix time, as events have it. */
  get offsetNs(): bigint {
    return (this.#offset ??= this.#measure().ns);
  }

  /** Whether a stream has run. */
  get isKnown(): boolean {
    return this.#offset !== undefined;
  }

  /** What the times of events are, in words. */
  get description(): string {
    const base = "CLOCK_BOOTTIME, in Unix time by the difference of the two clocks when the first stream began";
    return this.#set === 0n ? base : `${base}; ${setText(this.#set)} since`;
  }

  /**
   * Keeps the difference as it is while a stream runs, until the function that it returns is called. If no other
   * stream runs, and the clock has been set since it was measured, it is measured first.
   * @param tell is told, in a line, when the clock is set
   */
  keep(tell: (message: string) => void): () => void {
    if (this.#keepers.size === 0 && this.isKnown && this.#measureSet() !== 0n) {
      this.#offset = undefined;
      this.#set = 0n;
    }
    const keeper = { tell, told: 0n };
    this.#keepers.add(keeper);
    this.#offset ??= this.#measure().ns;
    this.#looking ??= setInterval(() => this.look(), LOOK_MS).unref();
    return () => {
      this.#keepers.delete(keeper);
      if (this.#keepers.size > 0) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    };
  }

  /** Sees whether the clock has been set, which is done every second while a stream runs. */
  look(): void {
    this.#set = this.#measureSet();
    for (const keeper of this.#keepers) {
      if (magnitude(this.#set - keeper.told) <= SAME_NS) continue;
      keeper.told = this.#set;
      keeper.tell(
        this.#set === 0n
          ? "the machine's clock is again what it was when tracing began"
          : `${setText(this.#set)} since tracing began; events keep the old time until all streams here have ended`,
      );
    }
  }

  /** How far Unix time is from what events have for it. */
  #measureSet(): bigint {
    const { ns, withinNs } = this.#measure();
    const set = ns - this.offsetNs;
    return magnitude(set) > SAME_NS + withinNs ? set : 0n;
  }
}

/** `the machine's clock has been set 3600 s forward` */
function setText(setNs: bigint): string {
  const seconds = Number(magnitude(setNs) / 1_000_000n) / 1000;
  return `the machine's clock has been set ${seconds} s ${setNs < 0n ? "back" : "forward"}`;
}

const magnitude = (ns: bigint): bigint => (ns < 0n ? -ns : ns);

/** That of this process's streams. */
export const eventClock = new EventClock(() => {
  const { ns, withinNs } = boottimeToUnix();
  return { ns: ns + namespaceOffset(), withinNs };
});

/** The present, on the clock of events, in Unix milliseconds; before a stream has run, on the machine's clock. */
export function eventTime(): number {
  return eventClock.isKnown ? milliseconds(boottime() - namespaceOffset() + eventClock.offsetNs) : Date.now();
}

let offset: bigint | undefined;

/** It cannot change: a time namespace has its offsets before it has a process. */
function namespaceOffset(): bigint {
  return (offset ??= timeNamespaceOffsetNs("boottime"));
}
