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
  sector: u64("where on the disk, in units of 512 bytes; 0 where there are no bytes"),
  bytes: measured(u32("how much"), "bytes"),
  pattern: choice("whether it began where the last one that is shown of the disk ended", [
    "unknown",
    "sequential",
    "random",
  ]),
  queuedNs: measured(u64("from when it was made until the disk was given it, in nanoseconds"), "ns"),
  latencyNs: measured(u64("from when the disk was given it until it was done, in nanoseconds"), "ns"),
});

/** A request to a block device that was done; who is who made it. */
export interface BlockEvent extends EventOf<typeof blockEvent> {}
