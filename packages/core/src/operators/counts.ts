/** A key that events can be counted by. Undefined stands for events that have none, such as a name outside of containers. */
export type Key = string | number | bigint | boolean | undefined;

/** The key of the row that counts all keys beyond the limit. Only that row has `others`, so no process can forge it. */
export const OTHER_KEYS = "(other keys)";

/** A row of a table of counts. */
export interface Count<K> {
  readonly key: K | typeof OTHER_KEYS;
  readonly count: number;
  /** Set on the row that counts all keys beyond the limit together. */
  readonly others?: true;
}

/** The counts of one interval. */
interface Slice<K> {
  readonly counts: Map<K, number>;
  others: number;
}

/** Counts a limited number of keys over a limited number of past intervals. */
export class Counts<K> {
  readonly #limit: number;
  readonly #counts = new Map<K, { readonly key: K; count: number }>();
  #others = 0;
  /**
   * Intervals to be forgotten later, the oldest first. Empty if counts are never forgotten, or all are at each turn.
   */
  readonly #slices: Slice<K>[] = [];
  /** The last of these. */
  #slice: Slice<K> | undefined;
  readonly #intervals: number;

  constructor(limit: number, intervals: number) {
    this.#limit = limit;
    this.#intervals = intervals;
    this.#begin();
  }

  add(key: K): void {
    const slice = this.#slice;
    const known = this.#counts.get(key);
    if (known) known.count++;
    else if (this.#counts.size < this.#limit) this.#counts.set(key, { key, count: 1 });
    else {
      this.#others++;
      if (slice) slice.others++;
      return;
    }
    if (slice) slice.counts.set(key, (slice.counts.get(key) ?? 0) + 1);
  }

  /** The rows with the highest counts, at most `rows`, and the row of the keys beyond the limit, if there are any. */
  top(rows: number): Count<K>[] {
    const most = [...this.#counts.values()].sort((a, b) => b.count - a.count).slice(0, rows);
    const table: Count<K>[] = most.map(({ key, count }) => ({ key, count }));
    if (this.#others > 0) table.push({ key: OTHER_KEYS, count: this.#others, others: true });
    return table;
  }

  /** Begins an interval. Returns whether counts of an older one were forgotten. */
  turn(): boolean {
    if (this.#intervals === 1) return this.#clear();
    this.#begin();
    if (this.#slices.length <= this.#intervals) return false;
    const { counts, others } = this.#slices.shift()!;
    for (const [key, count] of counts) {
      const known = this.#counts.get(key)!;
      known.count -= count;
      if (known.count === 0) this.#counts.delete(key);
    }
    this.#others -= others;
    return counts.size > 0 || others > 0;
  }

  #begin(): void {
    if (this.#intervals === 1 || this.#intervals === Infinity) return;
    this.#slice = { counts: new Map(), others: 0 };
    this.#slices.push(this.#slice);
  }

  #clear(): boolean {
    const had = this.#counts.size > 0 || this.#others > 0;
    this.#counts.clear();
    this.#others = 0;
    return had;
  }
}
