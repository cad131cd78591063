import type { RowOf } from "@rxbpf/core";
import { bool, chars, i32, measured, optional, text, time, u32, u64 } from "@rxbpf/core/events";

export const callKey = {
  pid: u32("with process, the process; else 0"),
  comm: chars("with process, its name; else empty"),
  call: i32("number of the call; -1 for one that no kernel has; with process, 0"),
  compat: bool("whether it is a 32-bit call, whose numbers are others"),
} as const;

export const callCount = {
  name: optional(text("name of the call; with process, empty")),
  count: u64("how many ended"),
  timeNs: measured(u64("with latency, how long they took together, in nanoseconds; else 0"), "ns"),
} as const;

/** How many calls of one name, or of one process, ended. */
export type CallCount = RowOf<{ readonly time: ReturnType<typeof time> } & typeof callKey & typeof callCount>;
