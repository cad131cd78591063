import type { OperatorFunction } from "rxjs";

import type { OutputOptions } from "./files/output-file.js";
import type { Target } from "./output.js";
import { type Progress, sink } from "./sink.js";
import { TraceFormat } from "./trace/format.js";

/**
 * Writes events as a trace for Perfetto (https://ui.perfetto.dev) and Chrome: each process is a track. Programs are spans, from
 * an `exec` to the next or to the process's exit; so are processes, from start to exit, if exits are recorded. An event that
 * took time, such as a block request or a DNS lookup, is an asynchronous span; any other is a point. An event's own fields are
 * its arguments. Losses are points too.
 *
 * Times are microseconds since the first event, to the nanosecond where the source has nanoseconds: see `replay`. The first
 * event's time is at the end of the file, as `otherData.start`.
 * The format: "Trace Event Format" of the Chromium project.
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 * @throws TypeError, as the stream's error, for tables and for rows that have no time
 */
export function toTrace<E>(target: Target, options?: OutputOptions): OperatorFunction<E, Progress> {
  return sink(target, (source) => new TraceFormat(source), options);
}
