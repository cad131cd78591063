import type { RowOf } from "@rxbpf/core";
import { chars, kernelStack, measured, time, u32, u64, userStack } from "@rxbpf/core/events";

import { cgroupFields } from "../define/cgroup.js";

export const blockedKey = {
  pid: u32("process id"),
  tid: u32("thread id"),
  comm: chars("name of the thread, at most 15 bytes"),
  ...cgroupFields(),
  kernelStack: kernelStack("kernel stack at which the thread left the CPU, innermost frame first"),
  userStack: userStack("user stack from which the thread entered the kernel, innermost frame first"),
} as const;

export const blockedValue = {
  timeNs: measured(u64("total time off the CPU"), "ns"),
  count: u64("how often"),
} as const;

/** How long a thread stayed off the CPU at one stack. */
export type Blocked = RowOf<{ readonly time: ReturnType<typeof time> } & typeof blockedKey & typeof blockedValue>;
