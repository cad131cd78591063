import type { RowOf } from "@rxbpf/core";
import { bool, chars, i32, measured, optional, text, time, u32, u64 } from "@rxbpf/core/events";

import { cgroupFields } from "../define/cgroup.js";

export const callKey = {
  pid: u32("with process: id of the process; else 0"),
  comm: chars("with process: its name; else empty"),
  ...cgroupFields("with process"),
  call: i32("number of the call; -1 for a number that no kernel has; with process, 0"),
  compat: bool("whether it is a 32-bit call; these have other numbers"),
} as const;

export const callCount = {
  name: optional(text("name of the call; with process, empty")),
  count: u64("number of calls that ended"),
  timeNs: measured(u64("with latency: total time of the calls, in nanoseconds; else 0"), "ns"),
} as const;

/** How many calls ended: of one system call, or of one process. */
export type CallCount = RowOf<{ readonly time: ReturnType<typeof time> } & typeof callKey & typeof callCount>;
