import type { RowOf } from "@rxbpf/core";
import { chars, choice, measured, time, u32, u64 } from "@rxbpf/core/events";

import { cgroupFields } from "../define/cgroup.js";

export const fileKey = {
  pid: u32("process id"),
  tid: u32("thread id"),
  ...cgroupFields(),
} as const;

export const fileCount = {
  comm: chars("name of the thread, at most 15 bytes"),
  file: chars("name of the file in its directory, whole; the protocol of a socket; empty for a file without a name"),
  type: choice("what kind of file", ["regular", "socket", "other"]),
  reads: u64("number of reads"),
  writes: u64("number of writes"),
  readBytes: measured(u64("bytes that they read"), "bytes"),
  writtenBytes: measured(u64("bytes that they wrote"), "bytes"),
} as const;

/** Reads and writes of one file by one thread. */
export type FileCount = RowOf<{ readonly time: ReturnType<typeof time> } & typeof fileKey & typeof fileCount>;
