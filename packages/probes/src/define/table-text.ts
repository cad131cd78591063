import { HeatMap, Histogram, printable, type Table } from "@rxbpf/core";

import { flag } from "./options.js";
import { showing } from "./selection.js";

/** Writes a table as lines of text, each with its newline. If it can, it keeps to so many columns. */
export type TableText<R> = (table: Table<R>, columns?: number) => string;

/** Options of probes whose tables hold histograms. */
export const histogramOptions = {
  heatmap: showing(
    flag("draw a heat map over time: a column for each table (default: each second), all histograms in one"),
  ),
} as const;

/** Makes a function that adds each table to a heat map: the sum of its histograms, as a column. */
export function heatMapOf<R>(histogram: (row: R) => Histogram): () => (table: Table<R>) => HeatMap {
  return () => {
    let map = new HeatMap();
    return ({ time, rows }) => {
      const [first = new Histogram([]), ...others] = rows.map(histogram);
      return (map = map.with(
        time,
        others.reduce((sum, one) => sum.plus(one), first),
      ));
    };
  };
}

/**
 * Histograms as BCC's tools write them: one for each key, below its name.
 * @param section the name of a row's key, such as `disk = sda`; undefined if there is only one histogram
 * @param below the text below a histogram
 */
export function histogramText<R>(
  histogram: (row: R) => Histogram,
  section: (row: R) => string | undefined = () => undefined,
  below: (row: R) => string = () => "",
): TableText<R> {
  return ({ rows }, columns) =>
    rows
      .map((row) => {
        const name = section(row);
        return `${name === undefined ? "" : `\n${printable(name)}\n`}${histogram(row).picture(columns)}\n${below(row)}`;
      })
      .join("");
}

const TITLES: Readonly<Record<string, string>> = { us: "usecs", ms: "msecs" };

/** The line that BCC's tools write below a histogram: average, total and count of its values. */
export function totalsText<R>(histogram: (row: R) => Histogram, total: (row: R) => number): (row: R) => string {
  return (row) => {
    const { count, unit = "" } = histogram(row);
    const title = TITLES[unit] ?? unit;
    const average = Math.floor(total(row) / Math.max(count, 1));
    return `\navg = ${average} ${title}, total: ${total(row)} ${title}, count: ${count}\n`;
  };
}
