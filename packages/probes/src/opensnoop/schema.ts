import type { EventOf } from "@rxbpf/core";
import { bool, i32, schema, text, u32, who } from "@rxbpf/core/events";

/** The fields of an `OpenEvent`. */
export const openEvent = schema("open_event", {
  ...who,
  ret: i32("the file descriptor, or the negative error number; -EINPROGRESS if the result is not known"),
  flags: u32("flags of open(2)"),
  mode: u32("permissions for a file that the call can create; else 0"),
  path: text("the path as the process gave it; with fullPath, the path of the opened file"),
  truncated: bool("whether the path was cut"),
  ioUring: bool("whether io_uring opened the file"),
});

/** A file that a process opened, or tried to. */
export interface OpenEvent extends EventOf<typeof openEvent> {}
