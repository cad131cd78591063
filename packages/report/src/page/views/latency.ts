import { type Column, type NamedColumn, numberAt, type Series, type Span } from "../data.js";
import { el, figure, svg, table } from "../dom.js";
import type { Chosen } from "../selection.js";
import { amount, count, moment } from "../units.js";

/** How often each bucket occurs, and when. */
interface Distribution {
  readonly name: string;
  readonly doc: string;
  readonly unit: string | undefined;
  /** The sum of each bucket, and of each bucket in each part of the time. */
  readonly sums: Float64Array;
  readonly parts: readonly Float64Array[];
  /** Where a bucket begins. */
  readonly from: (bucket: number) => number;
  /** What the values are like, in words. */
  readonly says: string;
}

const PARTS = 96;
const BUCKETS = 64;
const WIDTH = 480;
const ROW = 14;

/** A histogram and a heat map of each duration, and of each recorded histogram. */
export function latencies(
  { series, rows }: Chosen,
  durations: readonly Column[],
  histograms: readonly NamedColumn[],
  span: Span,
): readonly HTMLElement[] {
  const { time, every } = series;
  const partOf = (at: number | undefined): number => {
    const share = at === undefined ? 0 : (at - span.from) / (span.to - span.from || 1);
    return Math.max(0, Math.min(PARTS - 1, Math.floor(share * PARTS)));
  };
  const all = [
    ...durations.map((column) => distributionOf(column, rows, every, (row) => partOf(time?.[row]))),
    ...histograms.map((column) => recordedDistribution(column, rows, every, spansOf(series, span, partOf))),
  ];
  return all.filter(({ sums }) => sums.some((sum) => sum > 0)).map((one) => picture(one, span));
}

/** Counts the values of a column in buckets that double. */
function distributionOf(
  column: Column,
  rows: Uint32Array,
  every: number,
  partOf: (row: number) => number,
): Distribution {
  const { sums, parts, add } = counters();
  const values = new Float64Array(rows.length);
  rows.forEach((row, i) => {
    const value = (values[i] = numberAt(column, row));
    add(value < 2 ? 0 : Math.floor(Math.log2(value)), partOf(row), every);
  });
  values.sort();
  const quantile = (share: number): string => {
    const value = values[Math.min(values.length - 1, Math.floor(share * values.length))];
    return value === undefined ? "-" : amount(value, column.unit);
  };
  const says = `Half took up to ${quantile(0.5)}, 9 of 10 up to ${quantile(0.9)}, 99 of 100 up to ${quantile(0.99)}; the longest took ${quantile(1)}.`;
  return { ...about(column), sums, parts, from: doubling, says };
}

/** The first and the last part of the time that a row of a table counts: since the table before it. */
function spansOf({ time }: Series, span: Span, partOf: (at: number | undefined) => number) {
  let at = span.from;
  let before = span.from;
  const begins = time?.map((next) => {
    if (next !== at) [before, at] = [at, next];
    return before;
  });
  return (row: number): readonly [first: number, last: number] => {
    const first = partOf(begins?.[row]);
    return [first, Math.max(first, partOf(time?.[row]) - 1)];
  };
}

/** Adds up recorded histograms. */
function recordedDistribution(
  column: NamedColumn,
  rows: Uint32Array,
  every: number,
  partsOf: (row: number) => readonly [number, number],
): Distribution {
  const { sums, parts, add } = counters();
  for (const row of rows) {
    const counts = (column.dictionary[column.values[row]!] ?? []) as readonly number[];
    const [first, last] = partsOf(row);
    for (let part = first; part <= last; part++)
      counts.forEach((count, bucket) => count > 0 && add(bucket, part, (every * count) / (last - first + 1)));
  }
  const { bucket: width = 0 } = column;
  const from = width > 0 ? (bucket: number) => bucket * width : doubling;
  const total = sums.reduce((sum, one) => sum + one, 0);
  const below = (share: number): string => {
    let sum = 0;
    const bucket = sums.findIndex((one) => (sum += one) >= share * total);
    return amount(from(bucket + 1), column.unit);
  };
  const says = `${count(total)} in all: half below ${below(0.5)}, 9 of 10 below ${below(0.9)}, 99 of 100 below ${below(0.99)}.`;
  return { ...about(column), sums, parts, from, says };
}

function about({ name, doc, unit }: Column): Pick<Distribution, "name" | "doc" | "unit"> {
  return { name, doc, unit };
}

function counters() {
  const sums = new Float64Array(BUCKETS);
  const parts = Array.from({ length: PARTS }, () => new Float64Array(BUCKETS));
  const add = (bucket: number, part: number, weight: number): void => {
    const at = Math.min(bucket, BUCKETS - 1);
    sums[at]! += weight;
    parts[part]![at]! += weight;
  };
  return { sums, parts, add };
}

function doubling(bucket: number): number {
  return bucket === 0 ? 0 : 2 ** bucket;
}

/** Both pictures side by side: they share their rows. */
function picture({ name, doc, unit, sums, parts, from, says }: Distribution, span: Span): HTMLElement {
  const first = sums.findIndex((sum) => sum > 0);
  const last = sums.findLastIndex((sum) => sum > 0);
  const buckets = Array.from({ length: last - first + 1 }, (_, i) => last - i);
  const most = Math.max(...sums);
  const mostInPart = Math.max(...parts.map((part) => Math.max(...part)));
  const height = buckets.length * ROW;
  const range = (bucket: number): string => `${amount(from(bucket), unit)} to ${amount(from(bucket + 1), unit)}`;
  const bars = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", height });
  const map = svg("svg", { viewBox: `0 0 ${PARTS} ${buckets.length}`, preserveAspectRatio: "none", height });
  buckets.forEach((bucket, y) => {
    const width = (WIDTH * sums[bucket]!) / most;
    const title = svg("title", {}, `${range(bucket)}: ${count(sums[bucket]!)}`);
    bars.append(svg("rect", { x: 0, y: y * ROW + 1, width, height: ROW - 2, class: "bar" }, title));
    parts.forEach((part, x) => {
      const sum = part[bucket]!;
      if (sum === 0) return;
      const at = span.from + (x / PARTS) * (span.to - span.from);
      const title = svg("title", {}, `${moment(at)}, ${range(bucket)}: ${count(sum)}`);
      // The root, so that few slow ones are seen beside many fast ones.
      const opacity = (0.12 + 0.88 * Math.sqrt(sum / mostInPart)).toFixed(2);
      map.append(svg("rect", { x, y, width: 1, height: 0.96, class: "cell", "fill-opacity": opacity }, title));
    });
  });
  const labels = el(
    "div",
    { class: "buckets" },
    ...buckets.map((bucket) => el("span", {}, amount(from(bucket), unit))),
  );
  const counts = el("div", { class: "counts" }, ...buckets.map((bucket) => el("span", {}, count(sums[bucket]!))));
  const body = el(
    "div",
    { class: "latency" },
    el("span", {}),
    el("span", { class: "axis" }, "how many"),
    el("span", {}),
    el(
      "span",
      { class: "axis" },
      el("span", {}, moment(span.from)),
      el("span", {}, "when"),
      el("span", {}, moment(span.to)),
    ),
    ...[labels, bars, counts, map],
  );
  const numbers = (): HTMLElement =>
    table(
      doc,
      ["from", "to", "how many"],
      buckets.map((bucket) => [amount(from(bucket), unit), amount(from(bucket + 1), unit), count(sums[bucket]!)]),
    );
  return figure(`${name}: ${doc}`, body, says, numbers);
}
