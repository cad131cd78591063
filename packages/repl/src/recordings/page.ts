import { printable } from "@rxbpf/core";
import { UsageError } from "@rxbpf/probes/define";
import type { ReportOptions } from "@rxbpf/report";
import { seriesAt } from "@rxbpf/sinks";

import { count, progressLine, size } from "./progress.js";
import { isSameFile } from "./same-file.js";

/**
 * Makes a page of recordings, shows on a terminal how far it is, and says what it has made.
 * @throws Error as `writeReport`
 */
export async function makeReport(paths: readonly string[], output: string, options: ReportOptions): Promise<void> {
  const recordings = seriesAt(paths).flat();
  if (recordings.some(({ path }) => isSameFile(path, output)))
    throw new UsageError("a page takes a file other than the recordings");
  const { writeReport } = await import("@rxbpf/report");
  const line = progressLine(["report"], [output], process.stderr);
  const progress: ReportOptions["progress"] = (value) => line.tell(0, value);
  const { bytes, series } = await writeReport(paths, output, { ...options, progress }).finally(() => line.end());
  const parts = series.map(({ probe, events, every, lost }) => {
    const sampled = every > 1 ? `, one in ${every} of them in the page` : "";
    return `${count(events)} events of ${printable(probe || "a recording")}${sampled} (${count(lost)} lost)`;
  });
  process.stderr.write(`rxbpf: wrote ${printable(output)} (${size(bytes)}): ${parts.join(", ")}\n`);
}
