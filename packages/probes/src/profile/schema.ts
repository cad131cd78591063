import type { RowOf } from "@rxbpf/core";
import { chars, kernelStack, time, u32, u64, userStack } from "@rxbpf/core/events";

import { cgroupFields } from "../define/cgroup.js";

export const sampleKey = {
  pid: u32("process id"),
  comm: chars("name of the thread, at most 15 bytes"),
  ...cgroupFields(),
  kernelStack: kernelStack("kernel stack, innermost frame first; empty if the thread was not in the kernel"),
  userStack: userStack("user stack, innermost frame first"),
} as const;

export const sampleValue = { count: u64("number of samples") } as const;

/** How often a thread was sampled at one stack. */
export type Sample = RowOf<{ readonly time: ReturnType<typeof time> } & typeof sampleKey & typeof sampleValue>;
