/** What is shown of many: at most `size`, each of them as likely as any other, in their order. */
export class Sample<T> {
  #size: number;
  #seen = 0;
  #chosen: { readonly at: number; readonly value: T }[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** Offers the next, which is only made if it is chosen. */
  offer(make: () => T): void {
    const at = this.#seen++;
    if (at < this.#size) this.#chosen.push({ at, value: make() });
    else {
      const place = Math.floor(Math.random() * (at + 1));
      if (place < this.#size) this.#chosen[place] = { at, value: make() };
    }
  }

  /** Gives those that were chosen, and begins anew with another size. */
  take(size: number): T[] {
    const values = this.#chosen.sort((a, b) => a.at - b.at).map(({ value }) => value);
    this.#chosen = [];
    this.#seen = 0;
    this.#size = size;
    return values;
  }
}
