import { column } from "@rxbpf/core/events";

import { blockVariants, checkDisk, disk } from "../define/block.js";
import { whoOptions } from "../define/common.js";
import { flag } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { sinceFirst } from "../define/times.js";
import { type BlockEvent, blockEvent } from "./schema.js";

const definition = define({
  name: "biosnoop",
  summary: "requests to block devices, with their latency",
  options: {
    queue: showing(flag("show the time that requests wait in the queue", { short: "Q" })),
    disk,
    pattern: showing(flag("show whether requests are sequential (S) or random (R)", { short: "P" })),
    ...whoOptions(),
  },
  check: checkDisk,
  variants: () => blockVariants,
  outputs: ({ ring }) => ({
    events: ring(blockEvent, {
      columns: ({ queue, pattern }) => [
        column("TIME(s)", "%-11.6f ", sinceFirst()),
        column("COMM", "%-14.14s ", (e) => e.comm),
        column("PID", "%-7d ", (e) => e.pid),
        column("DISK", "%-9s ", (e) => e.disk),
        column("T", "%-1s ", (e) => LETTERS[e.operation]),
        column("SECTOR", "%-10d ", (e) => e.sector),
        column("BYTES", "%-7d", (e) => e.bytes),
        pattern && column("P", "%-1s ", (e) => PATTERNS[e.pattern]),
        queue && column("QUE(ms)", "%7.2f ", (e) => e.queuedNs / 1e6),
        column("LAT(ms)", "%7.2f", (e) => e.latencyNs / 1e6),
      ],
    }),
  }),
  main: "events",
});

/** Options of `biosnoop`. */
export interface BiosnoopOptions extends GivenTo<typeof definition> {}

/**
 * Requests to block devices, when they are done: which process made them, where on the disk, how many bytes, and their latency.
 *
 * A request belongs to the process that made it, and filters apply to that process. What the kernel writes back from its page
 * cache belongs to the kernel: to a kworker, not to the process that wrote the file.
 *
 * Options and columns are those of BCC's biosnoop. It differs where BCC's has faults: column T has letters for flushes (F),
 * discards (D), secure erasure (E), zeroes (Z) and others (N), which are not reads; a merged request is shown with all its
 * bytes; the pattern follows the order in which the disk got requests, not that in which they were done, and flushes do not
 * affect it.
 *
 * It costs each request about 1.1 µs by the kernel's count (`sysctl kernel.bpf_stats_enabled=1`, `bpftool prog`).
 *
 * Not seen: requests that were under way when it was attached; the process whose bytes were merged into a request of another;
 * devices without requests of their own, such as dm and md, other than through the requests to their disks. Kernels before 6.5
 * do not tell when a request is made: there, its owner can be the kernel thread that hands it to the disk.
 */
export const biosnoop: ProbeOf<typeof definition, BiosnoopOptions, BlockEvent> = probe(definition);

const LETTERS: Readonly<Record<BlockEvent["operation"], string>> = {
  ...{ read: "R", write: "W", flush: "F", discard: "D", "secure-erase": "E", "write-zeroes": "Z", other: "N" },
};
const PATTERNS: Readonly<Record<BlockEvent["pattern"], string>> = { unknown: "?", sequential: "S", random: "R" };
