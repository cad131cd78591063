import { bool, chars, type EventOf, i32, schema, text, texts, who } from "@rxbpf/core";

export const execEvent = schema("exec_event", {
  ...who,
  pcomm: chars("name of the parent"),
  ret: i32("0, or the negative error number"),
  filename: text("the file to run, as the process gave it; /dev/fd/N/FILE behind a directory's descriptor N"),
  interpreter: text("what runs the file, if it is a script; else empty"),
  args: texts("the arguments that the program got, its name for itself first"),
  truncated: bool("whether arguments were cut"),
});

/** A program that a process started, or tried to. */
export interface ExecEvent extends EventOf<typeof execEvent> {}
