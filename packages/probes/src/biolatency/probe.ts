import type { Histogram, Table } from "@rxbpf/core";

import { blockVariants, checkDisk, disk } from "../define/block.js";
import { whoOptions } from "../define/common.js";
import { flag, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { histogramOptions, histogramText, totalsText } from "../define/table-text.js";
import { flagNames, NAMED_FLAGS } from "./flags.js";
import { type Latency, latencyKey, latencyValue } from "./schema.js";

const definition = define({
  name: "biolatency",
  summary: "latency of requests to block devices, as histograms",
  options: {
    queued: flag("also count the time that requests wait in the queue", { short: "Q" }),
    milliseconds: flag("measure in milliseconds, not microseconds", { short: "m" }),
    disks: flag("a histogram for each disk", { short: "D" }),
    flags: flag("a histogram for each set of request flags", { short: "F" }),
    extension: showing(flag("show average, total and count", { short: "e" })),
    disk,
    ...histogramOptions,
    ...whoOptions(),
  },
  positional: ["interval", "tables"],
  check({ disks, flags, disk }) {
    if (disks && flags) throw new UsageError("disks and flags exclude each other");
    checkDisk({ ...(disk !== undefined && { disk }) });
  },
  variants: () => blockVariants,
  constants: ({ queued, milliseconds, disks, flags }) => ({
    with_queue: queued,
    unit_ns: milliseconds ? 1_000_000 : undefined,
    per_disk: disks,
    flags_shown: flags ? NAMED_FLAGS : undefined,
  }),
  outputs: ({ table }) => ({
    latencies: table("latencies", {
      key: latencyKey,
      value: latencyValue,
      banner: "Tracing block device I/O... Hit Ctrl-C to end.",
      perCpu: ({ disks, flags }) => !disks && !flags,
      entries: ({ disks, flags }) => (disks || flags ? undefined : 1),
      columns: () => [],
      heatMap: ({ heatmap }) => (heatmap ? (row: Latency) => row.latency : undefined),
      units: ({ milliseconds }) => (milliseconds ? { latency: "ms" } : undefined),
      order: () => (a: Latency, b: Latency) => (a.disk < b.disk ? -1 : a.disk > b.disk ? 1 : a.flags - b.flags),
      mapRows:
        ({ flags }) =>
        (row: Latency) => ({ ...row, flagNames: flags ? flagNames(row.flags) : "" }),
      // Read from the row, not from the options, so that it is right for a recording too.
      text({ extension }) {
        const total = ({ totalUs, latency: { unit } }: Latency): number =>
          unit === "ms" ? Math.floor(totalUs / 1000) : totalUs;
        const latency = (row: Latency): Histogram => row.latency;
        const section = (row: Latency): string | undefined =>
          row.disk ? `disk = ${row.disk}` : row.flagNames ? `flags = ${row.flagNames}` : undefined;
        return histogramText(latency, section, extension ? totalsText(latency, total) : undefined);
      },
    }),
  }),
  main: "latencies",
});

/** Options of `biolatency`. */
export interface BiolatencyOptions extends GivenTo<typeof definition> {}

/**
 * Latency of requests to block devices, as histograms: one for all requests, or one for each disk or each kind of request.
 *
 * The time runs from when the disk gets a request until the request is done; with `queued` it runs from when the request is
 * made. Filters apply to the process that made it, as in `biosnoop`, whose documentation says what is seen and what is not.
 *
 * Options are those of BCC's biolatency. It differs where BCC's has faults: flags without a name do not make several histograms
 * of the same name; `extension` is written below each histogram, and sums microseconds also with `milliseconds`; `--json` writes
 * valid JSON. It costs each request about 0.6 µs by the kernel's count.
 */
export const biolatency: ProbeOf<typeof definition, BiolatencyOptions, Table<Latency>> = probe(definition);
