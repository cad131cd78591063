import type { EventOf } from "@rxbpf/core";
import { i32, schema, who } from "@rxbpf/core/events";

/** The fields of a `KillEvent`. */
export const killEvent = schema("kill_event", {
  ...who,
  targetPid: i32(
    "target as the caller gave it: a process id in its own pid namespace, -PGID for a process group, 0 for its own group, -1 for all",
  ),
  signal: i32("number of the signal as the caller gave it; 0 only checks that the process exists"),
  ret: i32("0, or the negative error number"),
});

/** A signal that a process sent with kill, or tried to. */
export interface KillEvent extends EventOf<typeof killEvent> {}
