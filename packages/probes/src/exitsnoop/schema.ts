import type { EventOf } from "@rxbpf/core";
import { bool, measured, schema, time, u64, u8, who } from "@rxbpf/core/events";

/** The fields of an `ExitEvent`. */
export const exitEvent = schema("exit_event", {
  ...who,
  startTime: time("when it started, in Unix milliseconds; together with the process id, this identifies the process"),
  ageUs: measured(u64("how long it lived, in microseconds, including time that the machine slept"), "us"),
  exitCode: u8("the exit code that it gave; 0 if a signal ended it"),
  signal: u8("number of the signal that ended it, or 0"),
  coreDumped: bool("whether the kernel wrote a core dump"),
});

/** A process that exited; with `perThread`, a thread. */
export interface ExitEvent extends EventOf<typeof exitEvent> {}
