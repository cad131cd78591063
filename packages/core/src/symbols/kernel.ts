import { readFileSync } from "node:fs";

import type { Notify } from "./notices.js";
import { Pace } from "./pace.js";
import { type SymbolTable, SymbolTableBuilder } from "./symbol-table.js";

/** Code of the kernel and its modules is in the last 2 GiB of all addresses. */
const BASE = 0xffffffff80000000n;

/** No function is so long: an address further from the last one is of code that the list does not have. */
const LONGEST = 2 ** 20;

/** Of how many addresses it is remembered that the list was read for them. */
const MOST_SEEN = 10_000;

const NEWLINE = 10;

export interface KernelSymbol {
  readonly name: string;
  readonly module: string;
  readonly offset: number;
}

/** The kernel's functions, those of its modules and the loaded BPF programs: /proc/kallsyms. */
export class KernelSymbols {
  readonly #notify: Notify;
  readonly #pace = new Pace();
  /** The file itself, of some megabytes, in which the names are. */
  #text = Buffer.alloc(0);
  #table: SymbolTable | undefined;
  /** Addresses outside of the kernel's own code that were looked up in a list that was just read. */
  readonly #seen = new Set<number>();

  constructor(notify: Notify) {
    this.#notify = notify;
  }

  /**
   * Reads the list again where it does not have the address, or something outside of the kernel's own code that was not
   * looked up before: modules and programs come later, and beside one another.
   */
  find(address: bigint): KernelSymbol | undefined {
    if (address < BASE || address > 0xffffffffffffffffn) return undefined;
    const at = Number(address - BASE);
    const found = this.#findIn(at);
    if (found?.module === "[kernel]" || this.#seen.has(at) || !this.#pace.due()) return found;
    this.#pace.run(() => this.#load());
    if (this.#seen.size === MOST_SEEN) this.#seen.clear();
    this.#seen.add(at);
    return this.#findIn(at);
  }

  #findIn(at: number): KernelSymbol | undefined {
    const symbol = this.#table?.find(at);
    if (!symbol || at - symbol.start > LONGEST) return undefined;
    const from = symbol.names[0]!;
    const line = this.#text.toString("latin1", from, this.#text.indexOf(NEWLINE, from));
    const [name, module = "[kernel]"] = line.split("\t");
    return { name: name!, module, offset: at - symbol.start };
  }

  /** Lines are `ffffffff81000000 T _text`, with a tab and `[module]` where it is in one. */
  #load(): void {
    const text = readFileSync("/proc/kallsyms");
    const builder = new SymbolTableBuilder();
    let functions = 0;
    for (let at = 0; at < text.length;) {
      const end = text.indexOf(NEWLINE, at);
      if (end < 0) break;
      const type = text[at + 17]! | 0x20;
      // Functions are t, and w where they are weak.
      if (type === 0x74 || type === 0x77) {
        functions++;
        const high = hexAt(text, at);
        if (high === 0xffffffff) builder.add(hexAt(text, at + 8) - 2 ** 31, 0, at + 19, rankAt(text, at));
      }
      at = end + 1;
    }
    this.#text = text;
    this.#table = builder.build();
    if (functions > 0 && builder.length === 0)
      this.#notify(
        "Cannot name functions of the kernel: it hides their addresses; run with CAP_SYSLOG, and with kernel.kptr_restrict at most 1",
      );
  }
}

/** Of several names of one address, a global one before those of one file, and that with the fewest underscores before it. */
function rankAt(text: Buffer, at: number): number {
  let underscores = 0;
  while (text[at + 19 + underscores] === 0x5f && underscores < 3) underscores++;
  const local = (text[at + 17]! & 0x20) !== 0;
  return underscores * 2 + (local ? 1 : 0);
}

/** Eight hexadecimal digits. */
function hexAt(text: Buffer, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const digit = text[i]!;
    value = value * 16 + (digit < 0x3a ? digit - 0x30 : digit - 0x57);
  }
  return value;
}
