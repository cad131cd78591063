/** A cache of the most recently used values, up to a total weight. */
export class Lru<K, V> {
  readonly #most: number;
  readonly #weigh: (value: V) => number;
  readonly #drop: (value: V) => void;
  /** The least recently used entry first. */
  readonly #entries = new Map<K, { readonly value: V; readonly weight: number }>();
  #weight = 0;

  /** @param drop called with each value that is dropped */
  constructor(most: number, weigh: (value: V) => number = () => 1, drop: (value: V) => void = () => {}) {
    this.#most = most;
    this.#weigh = weigh;
    this.#drop = drop;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value, even if it alone exceeds the total weight. To be called again if the value's weight changes. */
  set(key: K, value: V): void {
    const before = this.#take(key);
    if (before && before.value !== value) this.#drop(before.value);
    const weight = this.#weigh(value);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#most || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const entry = this.#take(key);
    if (entry) this.#drop(entry.value);
  }

  clear(): void {
    for (const key of this.#entries.keys()) this.delete(key);
  }

  #take(key: K): { readonly value: V } | undefined {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    this.#weight -= entry?.weight ?? 0;
    return entry;
  }
}
