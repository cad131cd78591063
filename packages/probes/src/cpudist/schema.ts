import type { RowOf } from "@rxbpf/core";
import { chars, histogramOf, time, u32, u64 } from "@rxbpf/core/events";

export const stretchKey = {
  id: u32("the process, or the thread; 0 where all are counted together"),
  comm: chars("its name; empty where all are counted together"),
} as const;

export const stretchValue = {
  total: u64("how long together, in the unit of the histogram"),
  duration: histogramOf("how long at a time", "log2", "us"),
} as const;

/** How long the threads of a process, or of all, ran at a time, or were off the processor. */
export type Stretch = RowOf<{ readonly time: ReturnType<typeof time> } & typeof stretchKey & typeof stretchValue>;
