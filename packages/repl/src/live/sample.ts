/** A random sample of many: at most `size`, each equally likely, in their order. */
export class Sample<T> {
  #size: number;
  #seen = 0;
  #chosen: { readonly at: number; readonly value: T }[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** The index at which to keep the next one; -1 if it is not chosen, and need not be made. */
  next(): number {
    const at = this.#seen++;
    const place = at < this.#size ? at : Math.floor(Math.random() * (at + 1));
    return place < this.#size ? place : -1;
  }

  /** Keeps the one that `next` was called for. */
  keep(place: number, value: T): void {
    this.#chosen[place] = { at: this.#seen - 1, value };
  }

  /** Returns the chosen ones, and starts anew with another size. */
  take(size: number): T[] {
    const values = this.#chosen.sort((a, b) => a.at - b.at).map(({ value }) => value);
    this.#chosen = [];
    this.#seen = 0;
    this.#size = size;
    return values;
  }
}
