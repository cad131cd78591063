import type { EventOf } from "@rxbpf/core";
import { measured, schema, u64 } from "@rxbpf/core/events";

import { connectionFields } from "../define/tcp.js";

/** The fields of a `LifeEvent`. */
export const lifeEvent = schema("life_event", {
  ...connectionFields,
  sentBytes: measured(u64("bytes sent that the peer acknowledged"), "bytes"),
  receivedBytes: measured(u64("bytes received from the peer, whether or not the process read them"), "bytes"),
  durationNs: measured(u64("time from establishment to end, in nanoseconds"), "ns"),
});

/** A TCP session that has ended, with the process that connected or accepted it, as it was then. `time` is the session's end. */
export interface LifeEvent extends EventOf<typeof lifeEvent> {}
