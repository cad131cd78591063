import type { EventOf } from "@rxbpf/core";
import { chars, choice, measured, schema, u32, u64, who } from "@rxbpf/core/events";

/** The fields of a `BlockEvent`. */
export const blockEvent = schema("block_event", {
  ...who,
  disk: chars("name of the disk"),
  operation: choice("what the disk did", [
    "read",
    "write",
    "flush",
    "discard",
    "secure-erase",
    "write-zeroes",
    "other",
  ]),
  sector: u64("where on the disk, in units of 512 bytes; 0 for a request without bytes"),
  bytes: measured(u32("length of the request"), "bytes"),
  pattern: choice("whether it began where the last shown request to the disk ended", [
    "unknown",
    "sequential",
    "random",
  ]),
  queuedNs: measured(u64("time from making the request until the disk got it, in nanoseconds"), "ns"),
  latencyNs: measured(u64("time from when the disk got the request until it was done, in nanoseconds"), "ns"),
});

/** A completed request to a block device, with the process that made it. */
export interface BlockEvent extends EventOf<typeof blockEvent> {}
