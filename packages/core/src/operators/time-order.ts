import { type SchedulerLike, type Subscription, timer } from "rxjs";

interface Held<T> {
  readonly item: T;
  readonly time: number;
}

/** Items that arrived at the same moment. */
interface Arrival {
  readonly at: number;
  /** The latest of their times. */
  latest: number;
}

/** How many items may wait. */
const MOST = 65_536;

/** Holds items for some milliseconds, to emit them by their time although they arrive out of order. */
export class TimeOrder<T> {
  readonly #ms: number;
  readonly #scheduler: SchedulerLike;
  readonly #timers: Subscription;
  readonly #emit: (item: T) => void;
  /** Sorted by time. */
  readonly #held: Held<T>[] = [];
  #arrival: Arrival | undefined;
  /** The time of the item that was emitted last. */
  #reached = -Infinity;

  /** @param timers the subscription that the timers are added to */
  constructor(ms: number, scheduler: SchedulerLike, timers: Subscription, emit: (item: T) => void) {
    this.#ms = ms;
    this.#scheduler = scheduler;
    this.#timers = timers;
    this.#emit = emit;
  }

  /**
   * Takes an item. It is emitted at once if its time is no number, or not later than that of an item already emitted.
   */
  add(item: T, time: number): void {
    if (this.#ms === 0 || !(time > this.#reached)) return this.#emit(item);
    this.#held.splice(this.#placeAfter(time), 0, { item, time });
    this.#arrive(time);
    if (this.#held.length > MOST) this.#handOn(MOST / 8);
  }

  /** Emits everything. */
  flush(): void {
    this.#handOn(this.#held.length);
  }

  /** Each moment has a timer, as a clock cannot tell how long an item has waited: clocks can be set. */
  #arrive(time: number): void {
    const at = this.#scheduler.now();
    if (this.#arrival?.at === at) {
      this.#arrival.latest = Math.max(this.#arrival.latest, time);
      return;
    }
    const arrival = { at, latest: time };
    this.#arrival = arrival;
    this.#timers.add(
      timer(this.#ms, this.#scheduler).subscribe(() => {
        if (this.#arrival === arrival) this.#arrival = undefined;
        this.#handOn(this.#placeAfter(arrival.latest));
      }),
    );
  }

  #handOn(count: number): void {
    if (count === 0) return;
    const due = this.#held.splice(0, count);
    this.#reached = due.at(-1)!.time;
    for (const { item } of due) this.#emit(item);
  }

  /** How many of the held items are not later than a time. */
  #placeAfter(time: number): number {
    let [from, to] = [0, this.#held.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#held[middle]!.time <= time) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
