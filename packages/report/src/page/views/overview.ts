import uPlot from "uplot";

import type { Column, Page } from "../data.js";
import { el, figure, table } from "../dom.js";
import { PARTS, ratesOf, lossesOf } from "../rates.js";
import type { Chosen, Selection } from "../selection.js";
import { type Measure, measureOf } from "../sums.js";
import { count, duration, moment, short } from "../units.js";

const HEIGHT = 84;
const AXIS = 30;
/** How many pixels make a drag. */
const LEAST_DRAG = 3;
/** How many colours there are for series. */
const COLOURS = 6;

/** A line of the overview: a series, or what was lost. */
interface Line {
  readonly name: string;
  readonly measure: Measure | undefined;
  readonly plot: uPlot;
  rates: readonly number[];
}

/**
 * Rates over time: for each series a plot of its own, as one may have a thousand times as many events as another; and
 * one of what was lost. Dragging over any of them chooses a span of time.
 */
export class Overview {
  readonly #page: Page;
  readonly #selection: Selection;
  readonly #place = el("div", { class: "plots" });
  readonly #times: readonly number[];
  readonly #lines: readonly (Line | undefined)[];
  readonly #losses: Line | undefined;
  readonly element: HTMLElement;

  /** @param counted what each series counts: undefined for its events */
  constructor(page: Page, counted: readonly (Column | undefined)[], selection: Selection) {
    this.#page = page;
    this.#selection = selection;
    const { from, to } = page.span;
    this.#times = Array.from({ length: PARTS + 1 }, (_, i) => from + (i / PARTS) * (to - from));
    const { series } = page;
    const shown = series.filter(({ kept, time }) => kept > 0 && time);
    const lossy = series.some(({ losses }) => losses.length > 0);
    this.#lines = series.map((one, i) => {
      if (!shown.includes(one)) return undefined;
      const isLast = !lossy && one === shown.at(-1);
      return this.#line(one.name, `--series-${(i % COLOURS) + 1}`, measureOf(one, counted[i]), isLast);
    });
    this.#losses = lossy ? this.#line("lost", "--bad", undefined, true) : undefined;
    this.element = figure("events per second", this.#place, "", () => this.#table());
    new ResizeObserver(() => this.#resize()).observe(this.#place);
  }

  /** Draws the chosen events; all of the time is shown, and the chosen span marked. */
  show(all: readonly Chosen[]): void {
    const { span } = this.#page;
    this.#lines.forEach((line, i) => {
      const { series, anyTime } = all[i]!;
      if (line) this.#draw(line, ratesOf(series, anyTime, line.measure!, span));
    });
    if (this.#losses) this.#draw(this.#losses, lossesOf(this.#page));
    this.#mark();
    const text = this.#text();
    this.element.querySelector("figcaption")!.textContent = text;
    this.#place.setAttribute("aria-label", text);
  }

  /** Draws it again in the colours that now hold. */
  redraw(): void {
    for (const { plot } of this.#all()) plot.redraw(false);
  }

  #all(): readonly Line[] {
    return [...this.#lines, this.#losses].filter((line) => line !== undefined);
  }

  #line(name: string, variable: string, measure: Measure | undefined, isLast: boolean): Line {
    const what = measure && measure.name !== "events" ? `${name} (${measure.name})` : name;
    const box = el("div", { class: "plot" }, el("span", { class: "plot-name" }, what));
    this.#place.append(box);
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const options: uPlot.Options = {
      width: 800,
      height: HEIGHT + (isLast ? AXIS : 0),
      padding: [17, 20, 4, 0],
      legend: { show: false },
      scales: { x: { time: false }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
      axes: [
        {
          ...axis,
          size: isLast ? AXIS : 0,
          values: (_, values) => values.map((value) => (isLast ? `${Number(value.toPrecision(6))} s` : "")),
        },
        { ...axis, size: 56, space: 24, values: (_, values) => values.map((value) => short(value)) },
      ],
      series: [
        {},
        {
          label: name,
          stroke: colour(variable),
          fill: () => `color-mix(in srgb, ${colour(variable)()} 22%, transparent)`,
          width: 1,
          points: { show: false },
          paths: uPlot.paths.stepped!({ align: 1 }),
        },
      ],
      cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "time" }, points: { show: false } },
      hooks: {
        setSelect: [(plot) => this.#choose(plot)],
        setCursor: [(plot) => this.#tell(box, plot)],
      },
    };
    const plot = new uPlot(options, [this.#times as number[], this.#times.map(() => 0)], box);
    this.#clearByClick(plot.over);
    return { name, measure, plot, rates: [] };
  }

  #draw(line: Line, rates: readonly number[]): void {
    line.rates = rates;
    line.plot.setData([this.#times as number[], rates as number[]]);
  }

  /** Says what is under the mouse. */
  #tell(box: HTMLElement, plot: uPlot): void {
    const at = plot.cursor.idx;
    const rate = typeof at === "number" ? plot.data[1]?.[at] : undefined;
    box.dataset.says = typeof rate === "number" ? `${short(rate)}/s at ${moment(plot.data[0][at!]!)}` : "";
  }

  #choose(plot: uPlot): void {
    const { left, width } = plot.select;
    const [from, to] = [left, left + width].map((x) => plot.posToVal(x, "x"));
    if (width >= LEAST_DRAG) this.#selection.chooseSpan({ from: from!, to: to! });
  }

  /** uPlot tells of drags alone. */
  #clearByClick(over: HTMLElement): void {
    let pressed = 0;
    over.addEventListener("mousedown", ({ clientX }) => (pressed = clientX));
    over.addEventListener("mouseup", ({ clientX }) => {
      if (Math.abs(clientX - pressed) < LEAST_DRAG) this.#selection.chooseSpan(undefined);
    });
  }

  /** Marks the chosen span, however it was chosen. */
  #mark(): void {
    const { span } = this.#selection;
    for (const { plot } of this.#all()) {
      const [from, to] = span ? [span.from, span.to].map((at) => plot.valToPos(at, "x")) : [0, 0];
      plot.setSelect({ left: from!, width: to! - from!, top: 0, height: plot.over.clientHeight }, false);
    }
  }

  #resize(): void {
    for (const { plot } of this.#all())
      plot.setSize({ width: Math.max(320, this.#place.clientWidth), height: plot.height });
    this.#mark();
  }

  #text(): string {
    const { from, to } = this.#page.span;
    const parts = this.#all().map(({ name, rates }) => {
      const most = Math.max(...rates);
      const mean = rates.slice(0, PARTS).reduce((sum, one) => sum + one, 0) / PARTS;
      return `${name} ${short(mean)} a second, at most ${short(most)} at ${Number(this.#times[rates.indexOf(most)]!.toFixed(3))} s`;
    });
    return `Over ${duration(to - from)}: ${parts.join("; ")}. Drag to choose a span of time.`;
  }

  #table(): HTMLElement {
    const lines = this.#all();
    const rows = this.#times.slice(0, PARTS).map((at, i) => {
      return [moment(at), ...lines.map(({ rates }) => count(Number((rates[i] ?? 0).toFixed(1))))];
    });
    return table("rates", ["from", ...lines.map(({ name }) => `${name} a second`)], rows);
  }
}

/** A colour of the style, as it is when something is drawn. */
function colour(variable: string): () => string {
  return () => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
