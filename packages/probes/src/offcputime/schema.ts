import type { RowOf } from "@rxbpf/core";
import { chars, kernelStack, measured, time, u32, u64, userStack } from "@rxbpf/core/events";

export const blockedKey = {
  pid: u32("process id"),
  tid: u32("thread id"),
  comm: chars("name of the thread, at most 15 bytes"),
  kernelStack: kernelStack("where the thread left the processor, the innermost frame first"),
  userStack: userStack("where its process called the kernel, the innermost frame first"),
} as const;

export const blockedValue = {
  timeNs: measured(u64("how long together"), "ns"),
  count: u64("how often"),
} as const;

/** How long a thread was off the processor at a place. */
export type Blocked = RowOf<{ readonly time: ReturnType<typeof time> } & typeof blockedKey & typeof blockedValue>;
