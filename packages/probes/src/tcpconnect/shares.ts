/**
 * Remembers a value for each key of each owner, at most `limit` in all. For a new one then that one goes which the owner
 * with the most of them set the longest time ago: who sets many takes room from nobody who sets few.
 */
export class Shares<V> {
  readonly #limit: number;
  /** Each owner's keys, the one set longest ago first. */
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
