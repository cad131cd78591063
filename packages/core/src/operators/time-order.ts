import { type SchedulerLike, type Subscription, timer } from "rxjs";

interface Held<T> {
  readonly item: T;
  readonly time: number;
}

/** Things that came at the same moment. */
interface Arrival {
  readonly at: number;
  /** The latest time of them. */
  latest: number;
}

/** So many things wait at most. */
const MOST = 65_536;

/** Holds things for some milliseconds, so as to hand them on by their time although they came out of order. */
export class TimeOrder<T> {
  readonly #ms: number;
  readonly #scheduler: SchedulerLike;
  readonly #timers: Subscription;
  readonly #emit: (item: T) => void;
  /** By time. */
  readonly #held: Held<T>[] = [];
  #arrival: Arrival | undefined;
  /** The time of what was handed on last. */
  #reached = -Infinity;

  /** @param timers gets what waits, to end it with */
  constructor(ms: number, scheduler: SchedulerLike, timers: Subscription, emit: (item: T) => void) {
    this.#ms = ms;
    this.#scheduler = scheduler;
    this.#timers = timers;
    this.#emit = emit;
  }

  /** Takes one in; one whose time is no number is handed on at once, and so is one that is due no later than what was. */
  add(item: T, time: number): void {
    if (this.#ms === 0 || !(time > this.#reached)) return this.#emit(item);
    this.#held.splice(this.#placeAfter(time), 0, { item, time });
    this.#arrive(time);
    if (this.#held.length > MOST) this.#handOn(MOST / 8);
  }

  /** Hands everything on. */
  flush(): void {
    this.#handOn(this.#held.length);
  }

  /** Clocks can be set, so none is asked how long something has waited: each moment has a timer. */
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

  /** How many of those that are held are not later than a time. */
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
