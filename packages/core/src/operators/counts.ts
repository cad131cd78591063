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

/** What was counted in one interval. */
interface Slice<K> {
  readonly counts: Map<K, number>;
  others: number;
}

/** Counts keys, of which it tells so many apart, in the last so many intervals. */
export class Counts<K> {
  readonly #limit: number;
  readonly #counts = new Map<K, { readonly key: K; count: number }>();
  #others = 0;
  /** What is to be forgotten again, the oldest interval first; none where all is, or nothing. */
  readonly #slices: Slice<K>[] = [];
  /** The last of those. */
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

  /** The rows with most, at most so many, and that of the keys beyond the limit, if there are. */
  top(rows: number): Count<K>[] {
    const most = [...this.#counts.values()].sort((a, b) => b.count - a.count).slice(0, rows);
    const table: Count<K>[] = most.map(({ key, count }) => ({ key, count }));
    if (this.#others > 0) table.push({ key: OTHER_KEYS, count: this.#others, others: true });
    return table;
  }

  /** Begins an interval; whether something of an older one was forgotten. */
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
