import type { EventOf } from "@rxbpf/core";
import { i32, schema, who } from "@rxbpf/core/events";

/** The fields of a `KillEvent`. */
export const killEvent = schema("kill_event", {
  ...who,
  targetPid: i32(
    "what the caller gave: a process id in its own pid namespace, -PGID for a process group, 0 for its own, -1 for all",
  ),
  signal: i32("number of the signal as the caller gave it; 0 only asks whether the process is there"),
  ret: i32("0, or the negative error number"),
});

/** A signal that a process sent by kill, or tried to. */
export interface KillEvent extends EventOf<typeof killEvent> {}
