import type { EventOf } from "@rxbpf/core";
import { bool, measured, schema, text, u64, who } from "@rxbpf/core/events";

/** The fields of a `LookupEvent`. */
export const lookupEvent = schema("lookup_event", {
  ...who,
  latencyNs: measured(u64("how long the call took"), "ns"),
  host: text("the host name that was looked up, at most 255 bytes"),
  truncated: bool("whether the name was cut"),
});

/** A lookup of a host name, when it returned. */
export interface LookupEvent extends EventOf<typeof lookupEvent> {}
