import type { RowOf } from "@rxbpf/core";
import { chars, measured, time, u32, u64 } from "@rxbpf/core/events";

import { cgroupFields } from "../define/cgroup.js";
import { ends } from "../define/tcp.js";

export const trafficKey = {
  pid: u32("id of the process that sends and receives"),
  comm: chars("name of the process, at most 15 bytes"),
  ...cgroupFields(),
  ...ends,
} as const;

export const traffic = {
  receivedBytes: measured(u64("bytes that the process received"), "bytes"),
  sentBytes: measured(u64("bytes that the process gave the kernel to send"), "bytes"),
} as const;

/** Bytes that a process sent and received over one TCP session. */
export type Traffic = RowOf<{ readonly time: ReturnType<typeof time> } & typeof trafficKey & typeof traffic>;
