import type { RowOf } from "@rxbpf/core";
import { chars, histogramOf, measured, optional, text, time, u32, u64 } from "@rxbpf/core/events";

export const latencyKey = {
  flags: u32(
    "with flags, what the request is to do and how, as the kernel's bits REQ_OP and REQ; 0 where it is not asked for",
  ),
  disk: chars("with disks, name of the disk; empty where all are counted together"),
} as const;

export const latencyValue = {
  flagNames: optional(text("with flags, those in words, such as Sync-Read; else empty")),
  totalUs: measured(u64("how long together, in microseconds"), "us"),
  latency: histogramOf("how long requests took", "log2", "us"),
} as const;

/** How long the requests to a disk, with the same flags, or all together, took. */
export type Latency = RowOf<{ readonly time: ReturnType<typeof time> } & typeof latencyKey & typeof latencyValue>;
