import type { RowOf } from "@rxbpf/core";
import { chars, kernelStack, time, u32, u64, userStack } from "@rxbpf/core/events";

export const sampleKey = {
  pid: u32("process id"),
  comm: chars("name of the thread, at most 15 bytes"),
  kernelStack: kernelStack("what ran in the kernel, the innermost first; empty where the thread was not there"),
  userStack: userStack("what ran in the process, the innermost first"),
} as const;

export const sampleValue = { count: u64("how often the clock found it") } as const;

/** How often a thread was found at a place. */
export type Sample = RowOf<{ readonly time: ReturnType<typeof time> } & typeof sampleKey & typeof sampleValue>;
