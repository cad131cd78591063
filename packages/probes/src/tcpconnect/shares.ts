/**
 * Remembers a value for each key of each owner, at most `limit` in all. At the limit, a new value replaces the oldest one of
 * the owner that has the most, so an owner of many takes no room from an owner of few.
 */
export class Shares<V> {
  readonly #limit: number;
  /** Each owner's keys, oldest first. */
  readonly #owners = new Map<string, Map<string, V>>();
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(owner: string, key: string): V | undefined {
    return this.#owners.get(owner)?.get(key);
  }

  set(owner: string, key: string, value: V): void {
    this.delete(owner, key);
    const own = this.#owners.get(owner) ?? new Map<string, V>();
    this.#owners.set(owner, own.set(key, value));
    if (++this.#count > this.#limit) this.#drop();
  }

  delete(owner: string, key: string): void {
    const own = this.#owners.get(owner);
    if (!own?.delete(key)) return;
    this.#count--;
    if (own.size === 0) this.#owners.delete(owner);
  }

  #drop(): void {
    let [largest, most]: [string, ReadonlyMap<string, V>] = ["", new Map()];
    for (const [owner, own] of this.#owners) if (own.size > most.size) [largest, most] = [owner, own];
    this.delete(largest, most.keys().next().value!);
  }
}
