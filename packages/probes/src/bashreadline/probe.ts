import { column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { text } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { clockTime } from "../define/times.js";
import { type LineEvent, lineEvent } from "./schema.js";

const definition = define({
  name: "bashreadline",
  summary: "lines typed at a bash prompt",
  options: {
    ...whoOptions(),
    shared: text("path of the file with the function `readline`: bash or a library (default /bin/bash)", {
      short: "s",
      value: "PATH",
    }),
  },
  variants: ({ shared = "/bin/bash" }) => [
    {
      programs: ["returned"],
      hooks: { returned: [{ kind: "uprobe", path: shared, symbol: "readline", returns: true }] },
    },
  ],
  outputs: ({ ring }) => ({
    events: ring(lineEvent, {
      columns: (_options) => [
        column("TIME", "%-9s ", clockTime),
        column("PID", "%-7d ", (e) => e.pid),
        column("COMMAND", "%s", (e: LineEvent) => (e.truncated ? `${e.line}...` : e.line)),
      ],
    }),
  }),
  main: "events",
});

/** Options of `bashreadline`. */
export interface BashreadlineOptions extends GivenTo<typeof definition> {}

/**
 * Lines that any user types at a bash prompt, as bash gets them from `readline`. Only that function is watched, in every
 * process that runs the file, so nothing else costs more.
 *
 * Options and columns are those of BCC's bashreadline; a line is whole up to 4095 bytes. Not seen: scripts, pasted blocks
 * that another line editor reads, and any other file. The bash of a container is another file: give its path as this process
 * sees it, such as `/proc/PID/root/bin/bash`.
 */
export const bashreadline: ProbeOf<typeof definition, BashreadlineOptions, LineEvent> = probe(definition);
