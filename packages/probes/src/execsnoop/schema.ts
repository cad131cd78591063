import type { EventOf } from "@rxbpf/core";
import { bool, chars, i32, schema, text, texts, u32, who } from "@rxbpf/core/events";

/** The fields of an `ExecEvent`. */
export const execEvent = schema("exec_event", {
  ...who,
  pcomm: chars("name of the parent"),
  ret: i32("0, or the negative error number"),
  filename: text("the file to run, as the process gave it; /dev/fd/N/FILE behind a directory's descriptor N"),
  file: text("the file that runs, from the root of its mount namespace, as /proc/PID/exe shows it; empty if none does"),
  device: u32("device number of the file system that holds it: major number * 2^20 + minor"),
  fsPath: text("the same file from the root of that file system, which no mount changes"),
  cwd: text("the working directory, from the root of its mount namespace"),
  interpreter: text("what runs the file that was given, if that is a script; else empty"),
  args: texts("the arguments as the caller gave them; of a script's, the kernel replaces the first by its filename"),
  interpreterArgs: texts("the arguments that an interpreter got, its own among them; else empty"),
  truncated: bool("whether arguments were cut"),
});

/** A program that a process started, or tried to. */
export interface ExecEvent extends EventOf<typeof execEvent> {}
