import type { RowOf } from "@rxbpf/core";
import { address, chars, measured, time, u16, u32, u64, u8 } from "@rxbpf/core/events";

export const trafficKey = {
  pid: u32("id of the process that sends and receives"),
  comm: chars("name of the process, at most 15 bytes"),
  ip: u8("IP version of its packets, 4 or 6"),
  localAddress: address("address at this end"),
  localPort: u16("port at this end"),
  remoteAddress: address("address at the other end"),
  remotePort: u16("port at the other end"),
  netnsId: u32("inode number of the socket's network namespace"),
} as const;

export const traffic = {
  receivedBytes: measured(u64("bytes that the process received"), "bytes"),
  sentBytes: measured(u64("bytes that the process gave the kernel to send"), "bytes"),
} as const;

/** Bytes that a process sent and received over one TCP session. */
export type Traffic = RowOf<{ readonly time: ReturnType<typeof time> } & typeof trafficKey & typeof traffic>;
