import type { Page } from "./data.js";
import { el } from "./dom.js";
import type { Chosen, Selection } from "./selection.js";
import { exact } from "./units.js";

/** What is chosen, and how many events that leaves. The span can be typed too. */
export class SelectionBar {
  readonly element = el("form", { class: "selection", "aria-label": "selection" });
  readonly #page: Page;
  readonly #selection: Selection;
  readonly #from = secondsInput("from, in seconds");
  readonly #to = secondsInput("to, in seconds");
  readonly #chips = el("span", { class: "chips" });
  readonly #says = el("span", { class: "says", role: "status", id: "shown" });

  constructor(page: Page, selection: Selection) {
    this.#page = page;
    this.#selection = selection;
    const clear = el("button", { type: "button", class: "plain" }, "show all");
    clear.addEventListener("click", () => selection.clear());
    const span = el("span", {}, this.#from, " to ", this.#to, " s ", el("button", { class: "plain" }, "set"));
    this.element.append(span, this.#chips, clear, this.#says);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#choose();
    });
  }

  show(chosen: readonly Chosen[]): void {
    const { span } = this.#selection;
    const { from, to } = span ?? this.#page.span;
    this.#from.value = from.toFixed(6);
    this.#to.value = to.toFixed(6);
    this.#chips.replaceChildren(
      ...this.#selection.filters.map((filter) => {
        const chip = el(
          "button",
          { type: "button", class: "chip", "aria-label": `no longer only ${filter.name}` },
          `${filter.name} ✕`,
        );
        chip.addEventListener("click", () => this.#selection.toggle(filter));
        return chip;
      }),
    );
    const rows = chosen.reduce((sum, one) => sum + one.rows.length, 0);
    const all = chosen.reduce((sum, { series }) => sum + series.kept, 0);
    this.#says.textContent = rows === all ? `all ${exact(all)} events` : `${exact(rows)} of ${exact(all)} events`;
  }

  #choose(): void {
    const [from, to] = [Number(this.#from.value), Number(this.#to.value)];
    const { span } = this.#page;
    const isAll = !(from > span.from || to < span.to);
    this.#selection.chooseSpan(isAll || !(to >= from) ? undefined : { from, to });
  }
}

function secondsInput(label: string): HTMLInputElement {
  return el("input", { type: "text", inputmode: "decimal", class: "seconds", "aria-label": label });
}
