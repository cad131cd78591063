import type { Key } from "./counts.js";

interface Entry {
  readonly event: unknown;
  readonly time: number;
}

/** How many events of a key are kept: the last, and earlier ones for questions about an earlier time. */
const EACH = 16;

/** The last events of each of the most recently used keys. NaN as a time counts as both before and after all others. */
export class History {
  readonly #limit: number;
  /** Events by time. The least recently used key is the first. */
  readonly #entries = new Map<Key, Entry[]>();
  #count = 0;

  /** @param limit how many events are kept, of all keys together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(key: Key, event: unknown, time: number): void {
    const entries = this.#use(key) ?? [];
    this.#entries.set(key, entries);
    this.#count -= entries.length;
    entries.splice(lastAt(entries, time) + 1, 0, { event, time });
    if (entries.length > Math.min(EACH, this.#limit)) entries.shift();
    this.#count += entries.length;
    for (const [oldest, { length }] of this.#entries) {
      if (this.#count <= this.#limit) break;
      this.#entries.delete(oldest);
      this.#count -= length;
    }
  }

  /** The last event of a key at or before a time. */
  at(key: Key, time: number): unknown {
    const entries = this.#use(key);
    return entries?.[lastAt(entries, time)]?.event;
  }

  #use(key: Key): Entry[] | undefined {
    const entries = this.#entries.get(key);
    if (!entries) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entries);
    return entries;
  }
}

function lastAt(entries: readonly Entry[], time: number): number {
  return entries.findLastIndex((entry) => !(entry.time > time));
}
