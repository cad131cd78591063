import type { EventOf } from "@rxbpf/core";
import { bool, measured, schema, time, u64, u8, who } from "@rxbpf/core/events";

/** The fields of an `ExitEvent`. */
export const exitEvent = schema("exit_event", {
  ...who,
  startTime: time("when it started, in Unix milliseconds; with the process id this names the process"),
  ageUs: measured(u64("how long it lived, in microseconds, the machine's sleep among them"), "us"),
  exitCode: u8("what it gave to exit; 0 where a signal ended it"),
  signal: u8("number of the signal that ended it, or 0"),
  coreDumped: bool("whether its memory was dumped"),
});

/** A process that ended; with `perThread`, a thread. */
export interface ExitEvent extends EventOf<typeof exitEvent> {}
