import type { EventOf } from "@rxbpf/core";
import { bool, schema, text, who } from "@rxbpf/core/events";

/** The fields of a `LineEvent`. */
export const lineEvent = schema("line_event", {
  ...who,
  line: text("the line as it was typed, at most 4095 bytes"),
  truncated: bool("whether the line was cut"),
});

/** A line that was typed at a bash prompt. */
export interface LineEvent extends EventOf<typeof lineEvent> {}
