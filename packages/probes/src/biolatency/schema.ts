import type { RowOf } from "@rxbpf/core";
import { chars, histogramOf, measured, optional, text, time, u32, u64 } from "@rxbpf/core/events";

export const latencyKey = {
  flags: u32("with flags: operation and flags of the requests, as the kernel's bits REQ_OP and REQ; else 0"),
  disk: chars("with disks: name of the disk; else empty"),
} as const;

export const latencyValue = {
  flagNames: optional(text("with flags: their names, such as Sync-Read; else empty")),
  totalUs: measured(u64("total time of the requests, in microseconds"), "us"),
  latency: histogramOf("how long requests took", "log2", "us"),
} as const;

/** Latency of requests: of all, of those to one disk, or of those with the same flags. */
export type Latency = RowOf<{ readonly time: ReturnType<typeof time> } & typeof latencyKey & typeof latencyValue>;
