import { el } from "../dom.js";
import type { Filter, Selection } from "../selection.js";
import type { Measure } from "../sums.js";
import { count, percent } from "../units.js";

/** How many lines a list has at first. */
const SHOWN = 8;

/** A line of a list: what did something, how much, and what leaves its events alone. */
export interface Entry {
  readonly label: string;
  readonly sum: number;
  readonly filter: Filter;
}

/** A list with bars, the greatest sum first. A click on a line selects its events; another ends that. */
export function listOf(
  title: string,
  doc: string,
  entries: readonly Entry[],
  measure: Measure,
  selection: Selection,
): HTMLElement {
  const found = entries.filter(({ sum }) => sum > 0).sort((a, b) => b.sum - a.sum || (a.label < b.label ? -1 : 1));
  const total = found.reduce((sum, one) => sum + one.sum, 0);
  const most = found[0]?.sum ?? 1;
  const items = el("ul", { class: "bars" });
  const show = (number: number): void => {
    items.replaceChildren(
      ...found.slice(0, number).map(({ label, sum, filter }) => {
        const fill = el("span", { class: "fill" });
        fill.style.width = `${(100 * sum) / most}%`;
        const name = el("span", { class: "name" }, label);
        const value = el("span", { class: "value" }, measure.text(sum));
        const share = el("span", { class: "share" }, percent(sum, total));
        const pressed = String(selection.has(filter.name));
        const row = el(
          "button",
          { title: label, "aria-pressed": pressed, "data-key": `${title} ${filter.name}` },
          fill,
          name,
          value,
          share,
        );
        row.addEventListener("click", () => selection.toggle(filter));
        return el("li", {}, row);
      }),
    );
    const left = found.length - number;
    if (left > 0) {
      const more = el("button", { class: "plain" }, `${count(left)} more`);
      more.addEventListener("click", () => show(number * 4));
      items.append(el("li", {}, more));
    }
  };
  show(SHOWN);
  const none = found.length === 0 ? [el("p", { class: "none" }, "none")] : [];
  return el("section", { class: "card", "data-list": title }, el("h3", { title: doc }, title), items, ...none);
}
