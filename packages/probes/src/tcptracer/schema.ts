import type { EventOf } from "@rxbpf/core";
import { choice, schema } from "@rxbpf/core/events";

import { connectionFields } from "../define/tcp.js";

/** The fields of a `SessionEvent`. */
export const sessionEvent = schema("session_event", {
  ...connectionFields,
  type: choice("what the process did with the session", ["connect", "accept", "close"]),
});

/** A TCP session that a process connected, accepted or closed. */
export interface SessionEvent extends EventOf<typeof sessionEvent> {}
