import type { DictionaryValue } from "../../format.js";
import { type Column, isNamed, type NamedColumn, numberAt } from "../data.js";
import { el } from "../dom.js";
import type { Chosen } from "../selection.js";
import { amount, exact, moment } from "../units.js";

const ROWS = 50;
/** Fields of the machine's ids, which are shown if one asks for all. */
const IDS: ReadonlySet<string> = new Set(["tid", "ppid", "execId", "uid", "cgroupId", "mntnsId", "cpu"]);

/** A table of the chosen events of one series: it filters by a text, sorts by a column, and turns pages. */
export class EventTable {
  readonly element = el("div", { class: "events" });
  readonly #body = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "events" });
  readonly #says = el("span", { class: "says", role: "status" });
  readonly #find = el("input", {
    type: "search",
    placeholder: "a text in any field",
    "aria-label": "only events with this text",
  });
  readonly #all = el("input", { type: "checkbox" });
  readonly #back = el("button", { class: "plain" }, "back");
  readonly #on = el("button", { class: "plain" }, "next");
  #chosen: Chosen | undefined;
  #order: { readonly column: Column; readonly isDown: boolean } | undefined;
  #rows: Uint32Array = new Uint32Array();
  #first = 0;

  /** @param choice what chooses the series, if there are several */
  constructor(choice: HTMLElement | undefined) {
    this.#find.addEventListener("input", () => this.#filter());
    this.#all.addEventListener("change", () => this.#draw());
    this.#back.addEventListener("click", () => this.#turn(-ROWS));
    this.#on.addEventListener("click", () => this.#turn(ROWS));
    const bar = el(
      "p",
      { class: "bar-of" },
      ...(choice ? [choice] : []),
      this.#find,
      el("label", {}, this.#all, " all fields"),
      this.#back,
      this.#on,
      this.#says,
    );
    this.element.append(bar, this.#body);
  }

  show(chosen: Chosen): void {
    if (this.#chosen?.series !== chosen.series) this.#order = undefined;
    this.#chosen = chosen;
    this.#filter();
  }

  #filter(): void {
    if (!this.#chosen) return;
    const { series, rows } = this.#chosen;
    const text = this.#find.value.toLowerCase();
    this.#rows = text === "" ? rows : rows.filter(finder(series.columns, text));
    this.#sort();
  }

  #sort(): void {
    if (this.#order) {
      const { column, isDown } = this.#order;
      const keys = keysOf(column);
      this.#rows = this.#rows.slice().sort((a, b) => (isDown ? keys(b) - keys(a) : keys(a) - keys(b)) || a - b);
    }
    this.#first = 0;
    this.#draw();
  }

  #turn(by: number): void {
    this.#first = Math.max(0, Math.min(this.#first + by, this.#rows.length - 1));
    this.#draw();
  }

  #draw(): void {
    const { series } = this.#chosen!;
    const columns = series.columns.filter(({ name }) => this.#all.checked || !IDS.has(name));
    const shown = this.#rows.subarray(this.#first, this.#first + ROWS);
    const head = el("tr", {}, ...columns.map((column) => this.#heading(column)));
    const lines = [...shown].map((row) => el("tr", {}, ...columns.map((column) => cell(column, row))));
    this.#body.replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, ...lines)));
    const sample = series.every > 1 ? `, of every ${series.every}th event` : "";
    this.#says.textContent =
      this.#rows.length === 0
        ? "no event"
        : `${exact(this.#first + 1)} to ${exact(this.#first + shown.length)} of ${exact(this.#rows.length)}${sample}`;
    this.#back.disabled = this.#first === 0;
    this.#on.disabled = this.#first + ROWS >= this.#rows.length;
  }

  #heading(column: Column): HTMLElement {
    const isOrder = this.#order?.column === column;
    const arrow = isOrder ? (this.#order!.isDown ? " ↓" : " ↑") : "";
    const sort = el("button", { class: "plain", title: column.doc }, `${column.name}${arrow}`);
    sort.addEventListener("click", () => {
      this.#order = { column, isDown: isOrder ? !this.#order!.isDown : false };
      this.#filter();
    });
    const order = isOrder ? (this.#order!.isDown ? "descending" : "ascending") : "none";
    return el("th", { scope: "col", "aria-sort": order }, sort);
  }
}

function cell(column: Column, row: number): HTMLElement {
  const text = textAt(column, row);
  const isNumber = !column.dictionary || typeof column.dictionary[column.values[row]!] === "number";
  return el("td", { class: isNumber ? "number" : undefined, title: text.length > 40 ? text : undefined }, text);
}

/** A value as text. */
function textAt(column: Column, row: number): string {
  if (!isNamed(column)) {
    const value = numberAt(column, row);
    return column.kind === "time" ? moment(value / 1e6) : column.unit ? amount(value, column.unit) : String(value);
  }
  return shown(column.dictionary[column.values[row]!], column.kind === "stack" ? " < " : " ");
}

/** A value of a dictionary as text. */
function shown(value: DictionaryValue | undefined, between: string = " "): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? value.map((item) => String(item).split("\t")[0]).join(between) : String(value);
}

/** Finds the rows with a text in a value that is in a dictionary. */
function finder(columns: readonly Column[], text: string): (row: number) => boolean {
  const tests = columns.filter(isNamed).map(({ values, dictionary }) => {
    const found = dictionary.map((value) => shown(value).toLowerCase().includes(text));
    return (row: number): boolean => found[values[row]!]!;
  });
  return (row) => tests.some((test) => test(row));
}

/** What rows are sorted by: numbers as they are, texts by their rank. */
function keysOf(column: Column): (row: number) => number {
  if (!isNamed(column)) return (row) => numberAt(column, row);
  const ranks = ranksOf(column);
  return (row) => ranks[column.values[row]!]!;
}

function ranksOf({ dictionary }: NamedColumn): Float64Array {
  const ids = dictionary.map((_, id) => id).sort((a, b) => compare(dictionary[a], dictionary[b]));
  const ranks = new Float64Array(ids.length);
  ids.forEach((id, rank) => (ranks[id] = rank));
  return ranks;
}

function compare(a: DictionaryValue | undefined, b: DictionaryValue | undefined): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [one, other] = [shown(a), shown(b)];
  return one < other ? -1 : Number(one > other);
}
