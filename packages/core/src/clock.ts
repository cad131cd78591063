import { boottime, boottimeToUnix, type Difference } from "./ffi/clock.js";
import { timeNamespaceOffsetNs } from "./namespaces.js";
import { milliseconds } from "./schema/moment.js";

/** A smaller change is measurement error: nobody has set the clock. */
const SAME_NS = 1_000_000n;
const LOOK_MS = 1000;

interface Keeper {
  readonly tell: (message: string) => void;
  /** How far the clock had been set when that was last reported. */
  told: bigint;
}

/**
 * The clock of events. The kernel stamps events with CLOCK_BOOTTIME, which runs on while the machine is suspended and
 * which nobody can set. The difference between it and Unix time changes only when the machine's clock is set. All
 * streams that run at the same time share one difference, measured when the first of them starts. So their events
 * compare exactly, and time never jumps within a stream. If the clock is set while they run, they get a notice and keep
 * the old difference.
 */
export class EventClock {
  readonly #measure: () => Difference;
  readonly #keepers = new Set<Keeper>();
  #offset: bigint | undefined;
  /** How far the clock had been set at the last look. */
  #set = 0n;
  #looking: NodeJS.Timeout | undefined;

  /** @param measure returns how far Unix time is ahead of CLOCK_BOOTTIME now */
  constructor(measure: () => Difference) {
    this.#measure = measure;
  }

  /** Nanoseconds to add to CLOCK_BOOTTIME to get the Unix time of events. */
  get offsetNs(): bigint {
    return (this.#offset ??= this.#measure().ns);
  }

  /** Whether the difference is known: it is once a stream has run. */
  get isKnown(): boolean {
    return this.#offset !== undefined;
  }

  /** Describes the times of events in words. */
  get description(): string {
    const base = "CLOCK_BOOTTIME, in Unix time by the difference of the two clocks when the first stream began";
    return this.#set === 0n ? base : `${base}; ${setText(this.#set)} since`;
  }

  /**
   * Freezes the difference for a stream, until the returned function is called. If no other stream runs and the clock
   * has been set since the last measurement, the difference is measured again first.
   * @param tell receives one line when the clock is set
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

  /** Checks whether the clock has been set. Called every second while a stream runs. */
  look(): void {
    this.#set = this.#measureSet();
    for (const keeper of this.#keepers) {
      if (magnitude(this.#set - keeper.told) <= SAME_NS) continue;
      keeper.told = this.#set;
      keeper.tell(
        this.#set === 0n
          ? "the machine's clock is back to what it was when tracing began"
          : `${setText(this.#set)} since tracing began; events keep the old time until all streams of this process have ended`,
      );
    }
  }

  /** How far Unix time is ahead of the time that events get. */
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

/** The clock of this process's streams. */
export const eventClock = new EventClock(() => {
  const { ns, withinNs } = boottimeToUnix();
  return { ns: ns + namespaceOffset(), withinNs };
});

/** The current time in Unix milliseconds, by the clock of events. Before a stream has run it is the machine's clock. */
export function eventTime(): number {
  return eventClock.isKnown ? milliseconds(boottime() - namespaceOffset() + eventClock.offsetNs) : Date.now();
}

let offset: bigint | undefined;

/** This offset cannot change: a time namespace gets its offsets before its first process. */
function namespaceOffset(): bigint {
  return (offset ??= timeNamespaceOffsetNs("boottime"));
}
