import { type Histogram, printable, type Table } from "@rxbpf/core";

/** Writes a table as lines of text, each with its newline. */
export type TableText<R> = (table: Table<R>) => string;

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
  return ({ rows }) =>
    rows
      .map((row) => {
        const name = section(row);
        return `${name === undefined ? "" : `\n${printable(name)}\n`}${histogram(row).toString()}\n${below(row)}`;
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
