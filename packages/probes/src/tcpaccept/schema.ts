import type { EventOf } from "@rxbpf/core";
import { schema } from "@rxbpf/core/events";

import { connectionFields } from "../define/tcp.js";

/** The fields of an `AcceptEvent`. */
export const acceptEvent = schema("accept_event", connectionFields);

/** A connection that a process accepted. */
export interface AcceptEvent extends EventOf<typeof acceptEvent> {}
