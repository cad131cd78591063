import type { Progress } from "@rxbpf/sinks";

/** A terminal, or what stands in its place. */
interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** How far several recordings are, on one line of a terminal; elsewhere nothing. */
export function progressLine(names: readonly string[], screen: Screen) {
  const start = performance.now();
  const told: Progress[] = names.map(() => ({ rows: 0, bytes: 0, lost: 0 }));
  let before = { at: start, rows: 0, rate: 0 };
  const write = (end: string): void => {
    if (!screen.isTTY) return;
    const total = sum(told);
    const now = performance.now();
    if (now - before.at >= 500) {
      before = { at: now, rows: total.rows, rate: ((total.rows - before.rows) * 1000) / (now - before.at) };
    }
    const line = lineOf(names, total, before.rate, (now - start) / 1000);
    screen.write(`\r\x1b[K${line.slice(0, (screen.columns ?? 80) - 1)}${end}`);
  };
  return {
    /** How far the recording at an index is. */
    tell(index: number, progress: Progress): void {
      told[index] = progress;
      write("");
    },
    end: () => write("\n"),
  };
}

function sum(all: readonly Progress[]): Progress {
  return all.reduce((a, b) => ({ rows: a.rows + b.rows, bytes: a.bytes + b.bytes, lost: a.lost + b.lost }));
}

function lineOf(names: readonly string[], { rows, bytes, lost }: Progress, rate: number, seconds: number): string {
  const count = (value: number): string => Math.round(value).toLocaleString("en");
  const elapsed = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const parts = [`${count(rows)} events`, `${count(rate)}/s`, `${(bytes / 1e6).toFixed(1)} MB`, `${count(lost)} lost`];
  return `${names.join(" ")}: ${parts.join("  ")}  ${elapsed}`;
}
