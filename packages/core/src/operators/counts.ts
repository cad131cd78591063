/** What events can be counted by. */
export type Key = string | number | bigint | boolean;

/** The key of the row of all keys beyond the limit. That row alone has `others`, so no process can forge it. */
export const OTHER_KEYS = "(other keys)";

/** A row of a table of counts. */
export interface Count<K> {
  readonly key: K | typeof OTHER_KEYS;
  readonly count: number;
  /** Whether this counts, together, all keys that were beyond the limit. */
  readonly others?: true;
}

/** Counts keys, of which it tells so many apart. */
export class Counts<K> {
  readonly #limit: number;
  readonly #counts = new Map<K, { readonly key: K; count: number }>();
  #others = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(key: K): void {
    const known = this.#counts.get(key);
    if (known) known.count++;
    else if (this.#counts.size < this.#limit) this.#counts.set(key, { key, count: 1 });
    else this.#others++;
  }

  /** The rows with most, at most so many, and that of the keys beyond the limit, if there are. */
  top(rows: number): Count<K>[] {
    const most = [...this.#counts.values()].sort((a, b) => b.count - a.count).slice(0, rows);
    const table: Count<K>[] = most.map(({ key, count }) => ({ key, count }));
    if (this.#others > 0) table.push({ key: OTHER_KEYS, count: this.#others, others: true });
    return table;
  }
}
