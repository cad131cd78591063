import { fstatSync } from "node:fs";

import { printable } from "@rxbpf/core";
import type { Progress } from "@rxbpf/sinks";

/** A terminal, or a substitute. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const EVERY_MS = 500;

/**
 * Where to show the progress of what is written to standard output: on standard error, if the output goes to a file. Who reads a
 * pipe may write to the same terminal.
 */
export function besideOutput(): Screen {
  return fstatSync(1).isFile() ? process.stderr : NOWHERE;
}

export const NOWHERE: Screen = { write: () => {} };

/**
 * Shows the progress of several recordings: on a terminal as one line that is kept up to date, elsewhere as a line at the end.
 * @param paths where each is written
 */
export function progressLine(names: readonly string[], paths: readonly string[], screen: Screen) {
  const start = performance.now();
  const told: Progress[] = names.map(() => ({ rows: 0, bytes: 0, lost: 0 }));
  let before = { at: start, rows: 0 };
  let shown = false;
  /** Writes the line, with the rate since an earlier moment. */
  const write = (since: { readonly at: number; readonly rows: number }, end: string): void => {
    const total = sum(told);
    const at = performance.now();
    const rate = ((total.rows - since.rows) * 1000) / (at - since.at);
    before = { at, rows: total.rows };
    shown = true;
    const line = `${names.join(" ")}: ${facts(total, rate, (at - start) / 1000)}`;
    // A terminal that does not know its width says 0.
    screen.write(`\r\x1b[K${line.slice(0, (screen.columns || 80) - 1)}${end}`);
  };
  const timer = screen.isTTY ? setInterval(() => write(before, ""), EVERY_MS) : undefined;
  return {
    /** The progress of the recording at an index. */
    tell(index: number, progress: Progress): void {
      told[index] = progress;
    },
    end(): void {
      clearInterval(timer);
      if (timer) write({ at: start, rows: 0 }, "\n");
    },
    /** Ends without a line that stays. */
    erase(): void {
      clearInterval(timer);
      if (shown) screen.write("\r\x1b[K");
    },
    /** Says what was written where, after all other messages. Says nothing if no file was made. */
    conclude(): void {
      const written = told.flatMap(({ rows, bytes, lost }, i) =>
        bytes > 0
          ? [`${count(rows)} events of ${names[i]} in ${printable(paths[i]!)} (${size(bytes)}, ${count(lost)} lost)`]
          : [],
      );
      if (!timer && written.length > 0) screen.write(`rxbpf: recorded ${written.join(", ")}\n`);
    },
  };
}

function sum(all: readonly Progress[]): Progress {
  return all.reduce((a, b) => ({ rows: a.rows + b.rows, bytes: a.bytes + b.bytes, lost: a.lost + b.lost }));
}

/** A number with commas. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** A number of bytes, in kB or MB. */
export function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function facts({ rows, bytes, lost }: Progress, rate: number, seconds: number): string {
  const elapsed = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  return [`${count(rows)} events`, `${count(rate)}/s`, size(bytes), `${count(lost)} lost`, elapsed].join("  ");
}
