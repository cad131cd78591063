import { originOf } from "@rxbpf/core/events";
import { Observable, type OperatorFunction } from "rxjs";

import { type ArrowOptions, Recorder } from "./arrow/recorder.js";
import type { Progress } from "./sink.js";

/**
 * Records events in an Arrow file, which is created with mode 0600 when the source has begun. It emits progress, completes and fails
 * as the other sinks do.
 *
 * A probe's events are written as the kernel gave them, with no object for each. The file then has the
 * probe's schema: times in nanoseconds, ids of 64 bits as integers. After operators the schema is made from the first
 * 4096 rows, or those of the first second: a field whose name and values are the probe's stays what it is, others are
 * what they are in JavaScript, and what fits no column later is kept as JSON in the column `more`. A row
 * that is no object becomes one with a `value`.
 *
 * The file grows by whole batches. If this process is killed, `readRecording`, `replay` and `recover` find
 * all but the last one, at most 65,536 events and one second (see the options); nothing is promised if the machine
 * itself stops. Where writing fails, the file ends with the last whole batch.
 *
 * Losses are in the file where they happened. Writing is synchronous: while the disk is slow, events wait in the ring.
 */
export function toArrow<E>(path: string, options: ArrowOptions = {}): OperatorFunction<E, Progress> {
  return (source) =>
    new Observable((subscriber) => {
      const recorder = new Recorder(path, source, originOf(source), options, subscriber);
      recorder.start();
      return () => recorder.stop();
    });
}
