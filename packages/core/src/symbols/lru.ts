/** Keeps what was used last, as long as all together weighs no more than a bound. */
export class Lru<K, V> {
  readonly #most: number;
  readonly #weigh: (value: V) => number;
  readonly #drop: (value: V) => void;
  /** From the one that was not used for longest. */
  readonly #entries = new Map<K, { readonly value: V; readonly weight: number }>();
  #weight = 0;

  /** @param drop told what is not kept any more */
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

  /**
   * Keeps a value, also where it alone weighs more than the bound. To be said again of a value that has come to weigh
   * something else.
   */
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
