import type { RowOf } from "@rxbpf/core";
import { chars, histogramOf, time, u32 } from "@rxbpf/core/events";

export const waitKey = {
  id: u32("the process, or the thread; 0 where all are counted together"),
  comm: chars("its name; empty where all are counted together"),
} as const;

export const waitValue = { latency: histogramOf("how long threads waited", "log2", "us") } as const;

/** How long the threads of a process, or of all, waited for a processor. */
export type Wait = RowOf<{ readonly time: ReturnType<typeof time> } & typeof waitKey & typeof waitValue>;
