import type { Column, Page, Series } from "../data.js";
import { el, keepingFocus } from "../dom.js";
import type { Processes } from "../processes.js";
import type { Roles } from "../roles.js";
import type { Chosen, Selection } from "../selection.js";
import { measureOf, sumOf } from "../sums.js";
import { pathFlames, stackFlames } from "./flames.js";
import { latencies } from "./latency.js";
import { lists } from "./lists.js";

/** All views of one series: lists of who did most, distributions, flame graphs. */
export class SeriesView {
  readonly element: HTMLElement;
  readonly #page: Page;
  readonly #roles: Roles;
  readonly #processes: Processes;
  readonly #selection: Selection;
  readonly #measures: readonly (Column | undefined)[];
  readonly #measure = el("select", { "aria-label": "what is added up" });
  readonly #says = el("p", { class: "says" });
  readonly #lists = el("div", { class: "cards" });
  readonly #pictures = el("div", { class: "pictures" });
  #chosen: Chosen | undefined;

  /** @param counted what is added up at first; undefined for the number of events */
  constructor(
    page: Page,
    series: Series,
    roles: Roles,
    counted: Column | undefined,
    processes: Processes,
    selection: Selection,
  ) {
    this.#page = page;
    this.#roles = roles;
    this.#processes = processes;
    this.#selection = selection;
    this.#measures = [undefined, ...roles.measures];
    const names = this.#measures.map((column) => measureOf(series, column).name);
    this.#measure.append(
      ...names.map((name, i) => el("option", { value: i, selected: this.#measures[i] === counted }, name)),
    );
    this.#measure.addEventListener("change", () => this.redraw());
    const choice = names.length > 1 && series.kept > 0 ? [el("label", { class: "measure" }, "by ", this.#measure)] : [];
    const head = el("h2", {}, series.name, ...choice);
    this.element = el(
      "section",
      { class: "series", "data-series": series.name },
      head,
      this.#says,
      this.#lists,
      this.#pictures,
    );
  }

  show(chosen: Chosen): void {
    this.#chosen = chosen;
    this.redraw();
  }

  redraw(): void {
    if (!this.#chosen) return;
    const chosen = this.#chosen;
    const { series, rows, without } = chosen;
    const { histograms, durations, stacks, tree } = this.#roles;
    const measure = measureOf(series, this.#measures[Number(this.#measure.value)]);
    const span = this.#selection.span ?? this.#page.span;
    const unfiltered = without.map(({ name }) => ` Not narrowed to “${name}”, which it does not tell.`);
    if (series.kept === 0) {
      this.#says.textContent = "no event";
      return;
    }
    this.#says.textContent = `${measure.name}: ${measure.text(sumOf(rows, measure))}.${unfiltered.join("")}`;
    const made = lists(chosen, this.#roles, measure, this.#page, this.#processes, this.#selection);
    keepingFocus(this.#lists, () => this.#lists.replaceChildren(...made));
    this.#pictures.replaceChildren(
      ...latencies(chosen, durations, histograms, span),
      ...stackFlames(chosen, stacks, measure),
      ...(tree ? pathFlames(chosen, tree, measure) : []),
    );
  }
}
