/** Rows by key at a moment: the counts of a program or of an operator. */
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

  /** Its rows, in their order. */
  [Symbol.iterator](): Iterator<R> {
    return this.rows[Symbol.iterator]();
  }

  /** A table of the same moment, with each row replaced by the result of `change`. */
  map<S>(change: (row: R) => S): Table<S> {
    return this.with(this.rows.map((row) => change(row)));
  }

  /** A table of the same moment, with the rows that pass. */
  filter(passes: (row: R) => boolean): Table<R> {
    return this.with(this.rows.filter((row) => passes(row)));
  }

  /** A table of the same moment, with other rows. */
  with<S>(rows: readonly S[]): Table<S> {
    return new Table(this.time, rows);
  }
}
