import { foldedLine } from "@rxbpf/core/events";
import type { OperatorFunction } from "rxjs";

import type { OutputOptions } from "../files/output-file.js";
import type { Target } from "../output.js";
import { type Progress, sink } from "../sink.js";
import { stackFormat } from "./format.js";
import type { StackSums } from "./sums.js";

/**
 * Writes the stacks of tables as folded lines, which flame graph tools read: the thread's name and the functions from the
 * outermost to the innermost, separated by `;`, then a number. That is what the probe counts first: samples for `profile`,
 * nanoseconds for `offcputime`, both summed over all tables. Lines are written at the end, as the sums are known only then. The
 * file has no losses; `Progress` counts them.
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 * @throws TypeError, as the stream's error, if its events have no stacks, or come from several probes
 */
export function toFolded<E>(target: Target, options?: OutputOptions): OperatorFunction<E, Progress> {
  return sink(target, (source) => stackFormat(source, folded), options);
}

function folded(stacks: StackSums): string {
  // Processes of one name share a line.
  const lines = new Map<string, { readonly names: readonly string[]; sum: number }>();
  for (const { comm, frames, sums } of stacks.all) {
    const names = [comm, ...frames.map(({ name }) => name)];
    const key = JSON.stringify(names);
    const known = lines.get(key);
    if (known) known.sum += sums[0]!;
    else lines.set(key, { names, sum: sums[0]! });
  }
  return [...lines.values()].map(({ names, sum }) => foldedLine(names, sum)).join("");
}
