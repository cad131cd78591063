import { type Histogram, printable, type Table } from "@rxbpf/core";

/** Writes a table as lines of text, each with its newline. */
export type TableText<R> = (table: Table<R>) => string;

/**
 * Histograms as BCC's tools write them: under a blank line, and the time where it is asked for, one for each key, under its name.
 * @param section what the key is called, as `disk = sda`; undefined where there is one histogram alone
 * @param below what stands below a histogram
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

/** The line that BCC's tools write below a histogram: average, total and count of the values in it. */
export function totalsText<R>(histogram: (row: R) => Histogram, total: (row: R) => number): (row: R) => string {
  return (row) => {
    const { count, unit = "" } = histogram(row);
    const title = TITLES[unit] ?? unit;
    const average = Math.floor(total(row) / Math.max(count, 1));
    return `\navg = ${average} ${title}, total: ${total(row)} ${title}, count: ${count}\n`;
  };
}
