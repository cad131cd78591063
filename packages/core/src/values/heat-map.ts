import type { Unit } from "../schema/unit.js";
import type { Histogram, Scale } from "./histogram.js";

/** A column of a heat map: the values of one interval. */
export interface HeatMapColumn {
  /** The end of the interval, in Unix milliseconds. */
  readonly time: number;
  readonly histogram: Histogram;
}

/** How a picture is drawn. */
export interface PictureOptions {
  /** Whether to use the colours of a terminal. */
  readonly colors?: boolean | undefined;
  /** How many of the last intervals to draw, if there is room for more. */
  readonly last?: number | undefined;
  /** How many lines to draw at most, from 4 to 200; 200 by default. */
  readonly lines?: number | undefined;
}

/** More columns than any terminal has. */
const MOST = 500;

/** What shows how many values a cell has, from few to many. Each is darker than the one before, without colours too. */
const SHADES = ["·", "░", "▒", "▓", "█"] as const;
/** Their colours: blue, cyan, green, yellow, red. */
const COLORS = [34, 36, 32, 33, 31] as const;

/** What stands before the cells of a row. */
const LABEL = 8;
const FRAME = LABEL + " │".length;
/** The lines below the rows: axis, times, shades. */
const BELOW = 3;
/** A recording from anybody may have any number of buckets. */
const MOST_LINES = 200;

/** How often a value came, by size and over time: histograms of one scale, one after the other. It does not change. */
export class HeatMap {
  /** The last 500 intervals, the oldest first. */
  readonly columns: readonly HeatMapColumn[];
  /** How many intervals there have been. */
  readonly count: number;

  /** Without arguments it is empty. */
  constructor(columns: readonly HeatMapColumn[] = [], count: number = columns.length) {
    this.columns = columns.slice(-MOST);
    this.count = count;
  }

  /** How many intervals have room in a picture of so many columns. */
  static room(columns: number): number {
    return Math.max(1, columns - FRAME);
  }

  /** The same with one interval more. All histograms must have the same scale and unit. */
  with(time: number, histogram: Histogram): HeatMap {
    return new HeatMap([...this.columns, { time, histogram }], this.count + 1);
  }

  /** Its form in JSON. */
  toJSON(): object {
    return { columns: this.columns };
  }

  /** Draws it in 80 columns. */
  toString(): string {
    return this.picture();
  }

  /**
   * Draws it: a column for each interval, the last one on the right; a row for each bucket, the highest values on top;
   * the more values, the darker. A line below says what the shades mean. If there is no room for all intervals, the first
   * are left out; if there is none for all buckets, several share a row.
   */
  picture(
    columns: number = 80,
    { colors = false, last = Infinity, lines: height = MOST_LINES }: PictureOptions = {},
  ): string {
    const shown = this.columns.slice(-Math.min(HeatMap.room(columns), last));
    const [first, end] = [shown[0], shown.at(-1)];
    if (!first || !end) return "";
    const histograms = shown.map(({ histogram }) => histogram);
    const known = histograms.filter(({ count }) => count > 0);
    const { unit, scale } = known[0] ?? first.histogram;
    const lowest = Math.min(...known.map(({ counts }) => counts.findIndex((count) => count > 0)));
    const highest = Math.max(...known.map(({ counts }) => counts.findLastIndex((count) => count > 0)));
    const shared = Math.max(1, Math.ceil((highest - lowest + 1) / Math.max(1, Math.min(height, MOST_LINES) - BELOW)));
    const rows: { readonly from: number; readonly counts: readonly number[] }[] = [];
    for (let at = lowest; at <= highest; at += shared)
      rows.unshift({ from: at, counts: histograms.map(({ counts }) => sum(counts.slice(at, at + shared))) });
    const steps = stepsTo(rows.reduce((most, row) => row.counts.reduce((a, b) => Math.max(a, b), most), 0));
    const lines = rows.map(({ from, counts }) => {
      const cells = counts.map((count) => steps.findLastIndex((step) => count >= step));
      return `${sizeText(lowerEnd(scale, from), unit).padStart(LABEL)} │${shaded(cells, colors)}`;
    });
    const [from, to] = [clockOf(first.time), clockOf(end.time)];
    const axis = "─".repeat(shown.length);
    const times = shown.length < 2 * to.length + 1 ? to : `${from}${to.padStart(shown.length - from.length)}`;
    return [
      ...(known.length > 0 ? lines : [`${"no values".padStart(LABEL)}`]),
      `${" ".repeat(LABEL)} └${axis}`,
      `${" ".repeat(FRAME)}${times}`,
      legend(steps, colors, shown),
    ].join("\n");
  }
}

/** From how many values on a cell has each shade. Equal ratios, so that a few slow calls show beside many quick ones. */
function stepsTo(most: number): readonly number[] {
  return SHADES.map((_, i) => Math.max(1, Math.ceil(most ** (i / SHADES.length))));
}

/** @param cells the shade of each, or -1 */
function shaded(cells: readonly number[], colors: boolean): string {
  let text = "";
  let before = -1;
  for (const cell of cells.slice(0, cells.findLastIndex((one) => one >= 0) + 1)) {
    if (colors && cell >= 0 && cell !== before) text += `\x1b[${COLORS[cell]}m`;
    if (cell >= 0) before = cell;
    text += SHADES[cell] ?? " ";
  }
  return colors && before >= 0 ? `${text}\x1b[39m` : text;
}

function legend(steps: readonly number[], colors: boolean, shown: readonly HeatMapColumn[]): string {
  // Of shades that begin with the same number, only the darkest comes.
  const used = steps.flatMap((step, i) => (step === steps[i + 1] ? [] : [`${shaded([i], colors)} ${countText(step)}`]));
  const spans = shown.slice(1).map(({ time }, i) => time - shown[i]!.time);
  const span = spans.toSorted((a, b) => a - b)[spans.length >> 1];
  const interval = span === undefined ? "" : `; a column is ${sizeText(span, "ms", 2)}`;
  return `${used.join("  ")} or more in a cell${interval}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function lowerEnd(scale: Scale, bucket: number): number {
  if (scale === "log2") return bucket === 0 ? 0 : 2 ** bucket;
  return bucket * scale.width;
}

/** Units that count in thousands, each a thousand of the one before. */
const LADDERS: readonly (readonly string[])[] = [
  ["ns", "us", "ms", "s", "ks"],
  ["bytes", "kB", "MB", "GB", "TB"],
  ["", "k", "M", "G", "T", "P", "E"],
];

/** A size in at most eight characters, such as `16.4ms`. */
function sizeText(size: number, unit: Unit | "" = "", digits = 3): string {
  const ladder = LADDERS.find((one) => one.includes(unit))!;
  let at = ladder.indexOf(unit);
  let value = size;
  while (value >= 1000 && at < ladder.length - 1) {
    value /= 1000;
    at++;
  }
  return `${value < 1e4 ? Number(value.toPrecision(digits)) : value.toExponential(1)}${ladder[at]!.replace("bytes", "B")}`;
}

function countText(count: number): string {
  return count < 1e4 ? String(count) : sizeText(count);
}

/** As `23:59:59`, in local time. */
function clockOf(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}
