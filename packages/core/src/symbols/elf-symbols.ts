import { demangle } from "./demangle/demangle.js";
import { Lru } from "./lru.js";
import type { SymbolTable } from "./symbol-table.js";

/** A function's name, and the offset of an address in it. */
export interface Place {
  readonly name: string;
  readonly offset: number;
}

/** How many characters of names are cached, so that a frequent name is read and demangled only once. */
const MOST_NAMES = 65_536;

/** The functions of a file, by the file's own addresses. */
export class ElfSymbols {
  readonly #table: SymbolTable;
  readonly #read: (name: number) => string;
  /** Names by the start of the function. */
  readonly #names = new Lru<number, string>(MOST_NAMES, ({ length }) => length + 16);

  /** @param read reads a name of the table */
  constructor(table: SymbolTable, read: (name: number) => string) {
    this.#table = table;
    this.#read = read;
  }

  get bytes(): number {
    return this.#table.bytes;
  }

  find(address: number): Place | undefined {
    const symbol = this.#table.find(address);
    if (!symbol) return undefined;
    let name = this.#names.get(symbol.start);
    if (name === undefined) {
      try {
        name = demangle(this.#best(symbol.names));
      } catch {
        return undefined; // the file was truncated
      }
      this.#names.set(symbol.start, name);
    }
    return { name, offset: address - symbol.start };
  }

  /**
   * Of several names at one address, such as `__read`, `read` and `__GI_read`, the one with the fewest leading
   * underscores.
   */
  #best(names: readonly number[]): string {
    const underscores = (name: string): number => /^_*/.exec(name)![0].length;
    return names
      .map((name) => this.#read(name))
      .reduce((best, name) => (underscores(name) < underscores(best) ? name : best));
  }
}
