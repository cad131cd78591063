import { printable } from "@rxbpf/core";

import { flag, UsageError } from "./options.js";
import { showing } from "./selection.js";
import { namesFrom, type Stacked, type StackTextOptions } from "./stack-text.js";
import type { TableText } from "./table-text.js";

/** Options of probes whose tables hold stacks. */
export const flameOptions = {
  flame: showing(flag("draw a flame graph as text: each function's share, below its caller's")),
} as const;

/** @throws UsageError for a flame graph in another form */
export function checkFlame({ flame, folded }: { readonly flame?: boolean; readonly folded?: boolean }): void {
  if (flame && folded) throw new UsageError("flame and folded exclude each other");
}

/** Functions with a smaller share are drawn together. */
const LEAST_SHARE = 0.01;
const COLUMNS = 80;

/** A function as it was called from the functions above it. */
interface Call {
  total: number;
  readonly calls: Map<string, Call>;
}

/**
 * Stacks as a flame graph that grows downwards. Each line is a function with its share, its bar, and its name. A bar is
 * as wide as the share, and stands below the bar of the caller. Names are indented where a function calls several.
 */
export function flameText<R extends Stacked>(
  number: (row: R) => number,
  unit: string,
  options: StackTextOptions,
): TableText<R> {
  return ({ rows }, columns = COLUMNS) => {
    const all: Call = { total: 0, calls: new Map() };
    for (const row of rows) add(all, namesFrom(row, options), number(row));
    const width = Math.max(10, Math.min(40, Math.floor((columns * 3) / 8)));
    const lines: string[] = [];
    const line = (name: string, from: number, total: number, depth: number): void => {
      const start = Math.min(width - 1, Math.round((from / all.total) * width));
      const end = Math.max(start + 1, Math.round(((from + total) / all.total) * width));
      const bar = `${" ".repeat(start)}${"█".repeat(end - start)}`.padEnd(width);
      const share = ((100 * total) / all.total).toFixed(1).padStart(5);
      lines.push(`${share}% ${bar} ${" ".repeat(depth)}${name}\n`);
    };
    const draw = (calls: Call["calls"], from: number, depth: number): void => {
      const sorted = [...calls].toSorted(([, a], [, b]) => b.total - a.total);
      const shown = sorted.filter(([, { total }]) => total >= all.total * LEAST_SHARE);
      const others = sorted.slice(shown.length);
      const inner = depth + (shown.length > 1 ? 1 : 0);
      let at = from;
      for (const [name, { total, calls }] of shown) {
        line(printable(name), at, total, inner);
        draw(calls, at, inner);
        at += total;
      }
      const rest = others.reduce((sum, [, { total }]) => sum + total, 0);
      if (rest >= all.total * LEAST_SHARE) line(`... ${others.length} more, each below 1%`, at, rest, inner);
    };
    if (all.total === 0) return "nothing was counted\n";
    line(`all: ${all.total.toLocaleString("en")} ${unit}`, 0, all.total, 0);
    draw(all.calls, 0, 0);
    return lines.join("");
  };
}

function add(all: Call, names: readonly string[], amount: number): void {
  let at = all;
  at.total += amount;
  for (const name of names) {
    let next = at.calls.get(name);
    if (!next) at.calls.set(name, (next = { total: 0, calls: new Map() }));
    next.total += amount;
    at = next;
  }
}
