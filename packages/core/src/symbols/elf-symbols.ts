import { demangle } from "./demangle/demangle.js";
import { Lru } from "./lru.js";
import type { SymbolTable } from "./symbol-table.js";

/** What a function is called, and how far in it an address is. */
export interface Place {
  readonly name: string;
  readonly offset: number;
}

/** How many characters of names are kept, so that one that is asked for often is read and demangled once. */
const MOST_NAMES = 65_536;

/** The functions of a file, by the addresses that it counts. */
export class ElfSymbols {
  readonly #table: SymbolTable;
  readonly #read: (name: number) => string;
  /** By where the function starts. */
  readonly #names = new Lru<number, string>(MOST_NAMES, ({ length }) => length + 16);

  /** @param read gives a name of the table */
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
        return undefined; // the file became shorter
      }
      this.#names.set(symbol.start, name);
    }
    return { name, offset: address - symbol.start };
  }

  /** Of `__read`, `read` and `__GI_read`, at one address, that with the fewest underscores before it. */
  #best(names: readonly number[]): string {
    const underscores = (name: string): number => /^_*/.exec(name)![0].length;
    return names
      .map((name) => this.#read(name))
      .reduce((best, name) => (underscores(name) < underscores(best) ? name : best));
  }
}
