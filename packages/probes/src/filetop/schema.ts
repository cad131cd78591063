import type { RowOf } from "@rxbpf/core";
import { chars, choice, measured, time, u32, u64 } from "@rxbpf/core/events";

export const fileKey = {
  pid: u32("process id"),
  tid: u32("thread id"),
} as const;

export const fileCount = {
  comm: chars("name of the thread, at most 15 bytes"),
  file: chars("name of the file in its directory, whole; of a socket its protocol; empty where it has none"),
  type: choice("what kind of file", ["regular", "socket", "other"]),
  reads: u64("how many reads ended"),
  writes: u64("how many writes ended"),
  readBytes: measured(u64("how much they read"), "bytes"),
  writtenBytes: measured(u64("how much they wrote"), "bytes"),
} as const;

/** What a thread read from a file and wrote to it. */
export type FileCount = RowOf<{ readonly time: ReturnType<typeof time> } & typeof fileKey & typeof fileCount>;
