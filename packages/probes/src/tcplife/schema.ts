import type { EventOf } from "@rxbpf/core";
import { measured, schema, u64 } from "@rxbpf/core/events";

import { connectionFields } from "../define/tcp.js";

/** The fields of a `LifeEvent`. */
export const lifeEvent = schema("life_event", {
  ...connectionFields,
  sentBytes: measured(u64("sent, and acknowledged by the peer"), "bytes"),
  receivedBytes: measured(u64("received from the peer, whether or not the process read it"), "bytes"),
  durationNs: measured(u64("from when it was established until it ended, in nanoseconds"), "ns"),
});

/** A TCP session that has ended; who is who connected or accepted it, as they were then, and the time is that of its end. */
export interface LifeEvent extends EventOf<typeof lifeEvent> {}
