import type { RowOf } from "@rxbpf/core";
import { chars, histogramOf, time, u32 } from "@rxbpf/core/events";

import { cgroupFields } from "../define/cgroup.js";

export const waitKey = {
  id: u32("id of the process, or of the thread; 0 for all threads together"),
  comm: chars("its name; empty for all threads together"),
  ...cgroupFields("with pids or tids"),
} as const;

export const waitValue = { latency: histogramOf("how long threads waited", "log2", "us") } as const;

/** How long threads waited for a CPU: all threads, those of one process, or one. */
export type Wait = RowOf<{ readonly time: ReturnType<typeof time> } & typeof waitKey & typeof waitValue>;
