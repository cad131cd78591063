import { from, type OperatorFunction, switchMap } from "rxjs";

import type { OutputOptions } from "../files/output-file.js";
import type { Target } from "../output.js";
import { type Progress, sink } from "../sink.js";
import { stackFormat } from "./format.js";

/**
 * Writes the stacks of tables as a profile for pprof, compressed with gzip: each number that the probe counts is a type of
 * sample, summed over all tables. Samples have the labels `comm` and `pid`. Everything is written at the end. The file has no
 * losses; `Progress` counts them. The format: https://github.com/google/pprof/blob/main/proto/profile.proto
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 * @throws TypeError, as the stream's error, if its events have no stacks, or come from several probes
 */
export function toPprof<E>(target: Target, options?: OutputOptions): OperatorFunction<E, Progress> {
  return (source) =>
    from(import("./pprof-file.js")).pipe(
      switchMap(({ pprof }) => source.pipe(sink(target, (source) => stackFormat(source, pprof), options))),
    );
}
