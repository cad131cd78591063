import type { Key } from "node:readline";

import { HeatMap, Histogram, Table } from "@rxbpf/core";
import type { Layout } from "@rxbpf/sinks";

import { amount } from "./tally.js";
import { TableOrder } from "./table-order.js";

/** What can be drawn in place. */
export type Drawable = Table<unknown> | Histogram | HeatMap;

/** Whether an event is drawn in place of what was drawn before. */
export function isDrawable(event: unknown): event is Drawable {
  return event instanceof Table || event instanceof Histogram || event instanceof HeatMap;
}

interface PictureOptions {
  /** Whether to use colours. */
  readonly colors: boolean;
  /** Whether tables are cut to the screen in the end too. */
  readonly inPlace: boolean;
}

/** A table, a histogram or a heat map, drawn in place of the one before. Keys pause it, and sort a table. */
export class Picture {
  readonly #layout: (table: Table<unknown>) => Layout;
  readonly #options: PictureOptions;
  readonly #order = new TableOrder();
  #value: Drawable | undefined;
  /** The value that came while it was paused. */
  #next: Drawable | undefined;
  #paused = false;
  /** Its lines, and for which room. */
  #drawn: { readonly for: string; readonly lines: readonly string[] } | undefined;

  constructor(layout: (table: Table<unknown>) => Layout, options: PictureOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#value === undefined;
  }

  /** Shows another value, once it is not paused. */
  show(value: Drawable): void {
    this.#next = value;
    if (!this.#paused || this.isEmpty) this.#turn();
  }

  #turn(): void {
    this.#value = this.#next ?? this.#value;
    this.#next = undefined;
    this.#drawn = undefined;
  }

  /** Takes a key. Returns whether it changed something. */
  press(key: Key): boolean {
    if (key.name === "space") {
      this.#paused = !this.#paused;
      if (!this.#paused) this.#turn();
      return true;
    }
    this.#drawn = undefined;
    return this.#order.press(key);
  }

  /** What the keys do. */
  get keys(): readonly string[] {
    return [...(this.#order.isUsed ? TableOrder.keys : []), "space pause"];
  }

  get status(): readonly string[] {
    return [...this.#order.status, ...(this.#paused ? ["paused"] : [])];
  }

  /** Its lines in so much room. */
  lines(columns: number, height: number): readonly string[] {
    const room = `${columns} ${height}`;
    if (this.#drawn?.for !== room) this.#drawn = { for: room, lines: this.#draw(columns, height) };
    return this.#drawn.lines;
  }

  /** Its lines for the end: all, unless a table is to be cut. */
  last(columns: number, height: number): readonly string[] {
    return this.#draw(columns, this.#options.inPlace && this.#value instanceof Table ? height : Infinity);
  }

  #draw(columns: number, height: number): readonly string[] {
    const value = this.#value!;
    if (value instanceof HeatMap)
      return cut(linesOf(value.picture(columns, { colors: this.#options.colors, lines: height })), 0, height);
    if (value instanceof Histogram) return cut(linesOf(value.picture(columns)), 0, height);
    const layout = this.#layout(value);
    if (!layout.text) {
      const { lines, hidden } = this.#order.lines(layout, columns, height);
      return cut(lines, hidden, height);
    }
    const above = layout.heading === undefined ? [] : [layout.heading];
    return cut([...above, ...linesOf(layout.text(columns).replace(/^\n/, ""))], 0, height);
  }
}

/** Cuts lines to a height, and says how many more there would be. */
function cut(lines: readonly string[], more: number, height: number): readonly string[] {
  const hidden = Math.max(0, lines.length + more - height + 1);
  if (hidden <= 1 && more === 0) return lines;
  return [...lines.slice(0, Math.max(0, height - 1)), `... ${amount(hidden)} lines more`];
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
