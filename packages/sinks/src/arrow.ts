import { originOf } from "@rxbpf/core/events";
import { Observable, type OperatorFunction } from "rxjs";

import { type ArrowOptions, Recorder } from "./arrow/recorder.js";
import type { Progress } from "./sink.js";

/**
 * Records events in an Arrow file, which is created with mode 0600 once the source has begun. Like the other sinks it
 * emits progress, completes and fails.
 *
 * A probe's events are written from the kernel's records, without an object per event. The file then has the probe's
 * schema: times in nanoseconds, 64-bit ids as integers. After operators, the schema is made from the first 4096 rows,
 * or from those of the first second: a field with the name and the values of one of the probe's keeps its type, other
 * fields get the type of their JavaScript values, and later values that fit no column are kept as JSON in the column
 * `more`. A row that is no object becomes an object with the field `value`.
 *
 * The file grows by whole batches. If this process is killed, `readRecording`, `replay` and `recover` find all batches
 * but the last, which is at most 65,536 events and one second (see the options). If the machine itself stops, nothing
 * is guaranteed. If writing fails, the file ends with the last whole batch.
 *
 * Losses are recorded where they happened. Writing is synchronous: while the disk is slow, events wait in the ring.
 */
export function toArrow<E>(path: string, options: ArrowOptions = {}): OperatorFunction<E, Progress> {
  return (source) =>
    new Observable((subscriber) => {
      const recorder = new Recorder(path, source, originOf(source), options, subscriber);
      recorder.start();
      return () => recorder.stop();
    });
}
