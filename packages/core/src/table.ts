/** Rows by key, as of a moment: what a program has counted, or an operator has. */
export class Table<R> implements Iterable<R> {
  /** When it was taken, in Unix milliseconds. */
  readonly time: number;
  readonly rows: readonly R[];

  constructor(time: number, rows: readonly R[]) {
    this.time = time;
    this.rows = rows;
  }

  /** How many rows it has. */
  get length(): number {
    return this.rows.length;
  }

  [Symbol.iterator](): Iterator<R> {
    return this.rows[Symbol.iterator]();
  }

  /** The same with other rows: sorted, cut, or with more in them. */
  with<S>(rows: readonly S[]): Table<S> {
    return new Table(this.time, rows);
  }
}
