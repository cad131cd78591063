import { readFileSync } from "node:fs";

import type { Notify } from "./notices.js";
import { Pace } from "./pace.js";
import { type SymbolTable, SymbolTableBuilder } from "./symbol-table.js";

/** Code of the kernel and its modules lies in the last 2 GiB of the address space. */
const BASE = 0xffffffff80000000n;

/** No function is longer. An address further from the last function belongs to code that the list lacks. */
const LONGEST = 2 ** 20;

/** How many addresses are remembered for which the list was read already. */
const MOST_SEEN = 10_000;

const NEWLINE = 10;

export interface KernelSymbol {
  readonly name: string;
  readonly module: string;
  readonly offset: number;
}

/** The functions of the kernel, its modules and the loaded BPF programs, from /proc/kallsyms. */
export class KernelSymbols {
  readonly #notify: Notify;
  readonly #pace = new Pace();
  /** The text of the file, some megabytes, which has the names. */
  #text = Buffer.alloc(0);
  #table: SymbolTable | undefined;
  /** Addresses outside of the kernel's own code that a fresh list was read for. */
  readonly #seen = new Set<number>();

  constructor(notify: Notify) {
    this.#notify = notify;
  }

  /**
   * Finds the function at an address. Reads the list again if it lacks the address, or if the address is outside of the
   * kernel's own code and was not looked up before: modules and programs are loaded later, and next to one another.
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

  /** Lines are `ffffffff81000000 T _text`, with a tab and `[module]` for a module's function. */
  #load(): void {
    const text = readFileSync("/proc/kallsyms");
    const builder = new SymbolTableBuilder();
    let functions = 0;
    for (let at = 0; at < text.length;) {
      const end = text.indexOf(NEWLINE, at);
      if (end < 0) break;
      const type = text[at + 17]! | 0x20;
      // Functions have the type t, or w if they are weak.
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
        "Cannot name functions of the kernel: it hides their addresses; run with CAP_SYSLOG, and set kernel.kptr_restrict to at most 1",
      );
  }
}

/** Ranks the names of one address: global names before local ones, then by the number of leading underscores. */
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
