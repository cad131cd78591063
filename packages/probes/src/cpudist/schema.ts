import type { RowOf } from "@rxbpf/core";
import { chars, histogramOf, time, u32, u64 } from "@rxbpf/core/events";

import { cgroupFields } from "../define/cgroup.js";

export const stretchKey = {
  id: u32("id of the process, or of the thread; 0 for all threads together"),
  comm: chars("its name; empty for all threads together"),
  ...cgroupFields("with pids or tids"),
} as const;

export const stretchValue = {
  total: u64("total time, in the unit of the histogram"),
  duration: histogramOf("how long each stretch lasted", "log2", "us"),
} as const;

/** How long threads ran each time, or stayed off the CPU: all threads, those of one process, or one. */
export type Stretch = RowOf<{ readonly time: ReturnType<typeof time> } & typeof stretchKey & typeof stretchValue>;
