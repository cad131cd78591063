import uPlot from "uplot";

import type { Column, Page, Series } from "../data.js";
import { el, figure, table } from "../dom.js";
import type { Chosen, Selection } from "../selection.js";
import { type Measure, measureOf } from "../sums.js";
import { count, duration, moment, short } from "../units.js";

/** Into how many parts the time is divided. */
const PARTS = 240;
const HEIGHT = 220;
/** How many colours there are for series. */
const COLOURS = 6;

/** Rates over time: a line for each series, and one for what was lost. Dragging chooses a span of time. */
export class Overview {
  readonly #page: Page;
  readonly #selection: Selection;
  readonly #place = el("div", { class: "plot" });
  readonly #says = el("p", { class: "says", id: "overview-says" });
  readonly #plot: uPlot;
  readonly #measures: readonly Measure[];
  readonly #times: readonly number[];
  readonly element: HTMLElement;
  #rates: (number | null)[][] = [];

  /** @param counted what each series counts: undefined for its events */
  constructor(page: Page, counted: readonly (Column | undefined)[], selection: Selection) {
    this.#page = page;
    this.#selection = selection;
    this.#measures = page.series.map((series, i) => measureOf(series, counted[i]));
    const { from, to } = page.span;
    this.#times = Array.from({ length: PARTS + 1 }, (_, i) => from + (i / PARTS) * (to - from));
    this.#plot = new uPlot(this.#options(), [this.#times as number[]], this.#place);
    this.element = figure("per second", this.#place, "", () => this.#table());
    this.element.querySelector("figcaption")!.replaceWith(this.#says);
    new ResizeObserver(() => this.#resize()).observe(this.#place);
  }

  /** Draws the chosen events; all of the time is shown, and the chosen span marked. */
  show(all: readonly Chosen[]): void {
    const rates = all.map(({ series, anyTime }, i) => this.#rate(series, anyTime, this.#measures[i]!));
    this.#rates = [...rates, this.#lost()];
    this.#plot.setData([this.#times as number[], ...this.#rates] as uPlot.AlignedData);
    this.#mark();
    this.#says.textContent = this.#text();
    this.#place.setAttribute("aria-label", this.#text());
  }

  /** Draws it again in the colours that now hold. */
  redraw(): void {
    this.#plot.redraw(false);
  }

  #options(): uPlot.Options {
    const { series } = this.#page;
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    return {
      width: 800,
      height: HEIGHT,
      scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
      axes: [
        { ...axis, values: (_, values) => values.map((value) => `${Number(value.toPrecision(6))} s`) },
        { ...axis, size: 64, values: (_, values) => values.map((value) => short(value)) },
      ],
      series: [
        { label: "at", value: (_, value) => (value === null ? "" : moment(value)) },
        ...series.map(({ name }, i) => ({
          label: this.#measures[i]!.name === "events" ? name : `${name} ${this.#measures[i]!.name}`,
          stroke: colour(`--series-${(i % COLOURS) + 1}`),
          width: 1.5,
          points: { show: false },
          paths: uPlot.paths.stepped!({ align: 1 }),
          value: rate,
        })),
        {
          label: "lost",
          stroke: colour("--bad"),
          width: 2,
          points: { show: false },
          paths: uPlot.paths.stepped!({ align: 1 }),
          value: rate,
        },
      ],
      cursor: { drag: { x: true, y: false, setScale: false } },
      hooks: { setSelect: [(plot) => this.#choose(plot)] },
    };
  }

  /** What was counted in each part of the time, for a second. The rows of a table were counted since the table before. */
  #rate({ time, tables }: Series, rows: Uint32Array, { weight }: Measure): (number | null)[] {
    const sums = new Array<number>(PARTS + 1).fill(0);
    if (!time) return sums;
    const { from, to } = this.#page.span;
    const part = (to - from) / PARTS || 1;
    const partOf = (at: number): number => Math.min(PARTS - 1, Math.max(0, Math.floor((at - from) / part)));
    if (!tables) for (const row of rows) sums[partOf(time[row]!)]! += weight(row) / part;
    else {
      let before = from;
      for (let i = 0; i < rows.length;) {
        const at = time[rows[i]!]!;
        let sum = 0;
        for (; i < rows.length && time[rows[i]!] === at; i++) sum += weight(rows[i]!);
        const [first, last] = [partOf(before), Math.max(partOf(before), partOf(at) - 1)];
        const perSecond = sum / Math.max(at - before, part);
        for (let p = first; p <= last; p++) sums[p]! += perSecond;
        before = at;
      }
    }
    sums[PARTS] = sums[PARTS - 1]!;
    return sums;
  }

  #lost(): (number | null)[] {
    const sums = new Array<number>(PARTS + 1).fill(0);
    const { from, to } = this.#page.span;
    const part = (to - from) / PARTS || 1;
    for (const [at, count] of this.#page.series.flatMap(({ losses }) => losses))
      sums[Math.min(PARTS - 1, Math.max(0, Math.floor((at - from) / part)))]! += count / part;
    return sums.map((sum) => (sum > 0 ? sum : null));
  }

  #choose(plot: uPlot): void {
    const { left, width } = plot.select;
    const [from, to] = [left, left + width].map((x) => plot.posToVal(x, "x"));
    this.#selection.chooseSpan(width > 2 ? { from: from!, to: to! } : undefined);
  }

  /** Marks the chosen span, however it was chosen. */
  #mark(): void {
    const { span } = this.#selection;
    const [from, to] = span ? [span.from, span.to].map((at) => this.#plot.valToPos(at, "x")) : [0, 0];
    this.#plot.setSelect({ left: from!, width: to! - from!, top: 0, height: this.#plot.over.clientHeight }, false);
  }

  #resize(): void {
    this.#plot.setSize({ width: Math.max(320, this.#place.clientWidth), height: HEIGHT });
    this.#mark();
  }

  #text(): string {
    const { from, to } = this.#page.span;
    const seconds = to - from;
    const parts = this.#page.series.map(({ name }, i) => {
      const rates = this.#rates[i]!.slice(0, PARTS) as number[];
      const most = Math.max(...rates);
      const mean = rates.reduce((sum, one) => sum + one, 0) / PARTS;
      const at = this.#times[rates.indexOf(most)]!;
      return `${name} ${short(mean)} a second, at most ${short(most)} at ${Number(at.toFixed(3))} s`;
    });
    return `Over ${duration(seconds)}: ${parts.join("; ")}. Drag to choose a span of time.`;
  }

  #table(): HTMLElement {
    const head = ["from", ...this.#page.series.map(({ name }) => `${name} a second`), "lost a second"];
    const rows = this.#times.slice(0, PARTS).map((at, i) => {
      return [moment(at), ...this.#rates.map((rates) => count(Number((rates[i] ?? 0).toFixed(1))))];
    });
    return table("rates", head, rows);
  }
}

function rate(_: uPlot, value: number | null): string {
  return value === null ? "-" : `${short(value)}/s`;
}

/** A colour of the style, as it is when something is drawn. */
function colour(variable: string): () => string {
  return () => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
