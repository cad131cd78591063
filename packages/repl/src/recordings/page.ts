import { printable } from "@rxbpf/core";
import { UsageError } from "@rxbpf/probes/define";
import type { ReportOptions } from "@rxbpf/report";
import { seriesAt } from "@rxbpf/sinks";

import { count, size } from "./progress.js";
import { isSameFile } from "./same-file.js";

const EVERY_MS = 500;

/**
 * Makes a page of recordings. If that takes long, a line on the terminal says how far it is.
 * @throws Error as `writeReport`
 */
export async function makeReport(paths: readonly string[], output: string, options: ReportOptions): Promise<void> {
  if (
    seriesAt(paths)
      .flat()
      .some(({ path }) => isSameFile(path, output))
  )
    throw new UsageError("a page takes a file other than the recordings");
  const { writeReport } = await import("@rxbpf/report");
  const screen = process.stderr;
  let told = performance.now();
  let isShown = false;
  const progress = (events: number): void => {
    if (!screen.isTTY || performance.now() - told < EVERY_MS) return;
    told = performance.now();
    isShown = true;
    screen.write(`\r\x1b[Kreport: ${count(events)} events read`);
  };
  try {
    const { bytes, series } = await writeReport(paths, output, { ...options, progress });
    const parts = series.map(({ probe, events, every, lost }) => {
      const sampled = every > 1 ? `, one in ${every} of them in the page` : "";
      return `${count(events)} events of ${printable(probe || "a recording")}${sampled} (${count(lost)} lost)`;
    });
    if (isShown) screen.write("\r\x1b[K");
    screen.write(`rxbpf: wrote ${printable(output)} (${size(bytes)}): ${parts.join(", ")}\n`);
  } catch (error) {
    if (isShown) screen.write("\n");
    throw error;
  }
}
