import type { EventOf } from "@rxbpf/core";
import { bool, chars, i32, schema, text, texts, u32, who } from "@rxbpf/core/events";

/** The fields of an `ExecEvent`. */
export const execEvent = schema("exec_event", {
  ...who,
  pcomm: chars("name of the parent"),
  ret: i32("0, or the negative error number"),
  filename: text(
    "path of the file to run, as the process gave it; /dev/fd/N/FILE if it is relative to a directory's descriptor N",
  ),
  file: text(
    "path of the file that runs, from the root of its mount namespace, as /proc/PID/exe shows it; empty if none runs",
  ),
  device: u32("device number of the file system that holds it: major number * 2^20 + minor"),
  fsPath: text("path of the same file from the root of its file system, which does not depend on mounts"),
  cwd: text("the working directory, from the root of its mount namespace"),
  interpreter: text("the interpreter, if the given file is a script; else empty"),
  args: texts("the arguments as the caller gave them; for a script, the kernel replaces the first by its filename"),
  interpreterArgs: texts("for a script: the arguments that the interpreter got, including its own; else empty"),
  truncated: bool("whether arguments were cut"),
});

/** A program that a process started, or tried to. */
export interface ExecEvent extends EventOf<typeof execEvent> {}
