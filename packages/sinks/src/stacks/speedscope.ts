import { type Frame, harmless } from "@rxbpf/core";
import type { Unit } from "@rxbpf/core/events";
import type { OperatorFunction } from "rxjs";

import type { OutputOptions } from "../files/output-file.js";
import type { Target } from "../output.js";
import { type Progress, sink } from "../sink.js";
import { stackFormat, UNITS } from "./format.js";
import type { StackSums } from "./sums.js";

const SCHEMA = "https://www.speedscope.app/file-format-schema.json";

/** Units that its schema knows, beside `none`. */
const KNOWN: ReadonlySet<string | undefined> = new Set<Unit>(["ns", "us", "ms", "s", "bytes"]);

/**
 * Writes the stacks of tables as a file for speedscope: one profile for each number that the probe counts, summed over all
 * tables. The outermost frame of a stack is the thread's name. Everything is written at the end. The file has no losses;
 * `Progress` counts them. The format: https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 * @throws TypeError, as the stream's error, if its events have no stacks, or come from several probes
 */
export function toSpeedscope<E>(target: Target, options?: OutputOptions): OperatorFunction<E, Progress> {
  return sink(target, (source) => stackFormat(source, speedscope), options);
}

function speedscope(stacks: StackSums): string {
  const frames: object[] = [];
  const indexes = new Map<string, number>();
  const indexOf = ({ name, module, source }: Frame): number => {
    const key = JSON.stringify([name, module, source]);
    let index = indexes.get(key);
    if (index === undefined) {
      const [, file, line] = /^(.*):(\d+)$/s.exec(source ?? "") ?? [];
      const place = harmless(file ?? module);
      frames.push({
        name: harmless(name),
        ...(place !== "" && { file: place }),
        ...(line !== undefined && { line: Number(line) }),
      });
      indexes.set(key, (index = frames.length - 1));
    }
    return index;
  };
  const thread = (comm: string): Frame => ({ name: comm, module: "", offset: 0, address: "0x0" });
  const samples = stacks.all.map(({ comm, frames }) => [thread(comm), ...frames].map(indexOf));
  const profiles = stacks.amounts.map(({ name, unit }, i) => {
    const weights = stacks.all.map(({ sums }) => sums[i]!);
    return {
      type: "sampled",
      name: `${stacks.probe} ${name}`,
      unit: unit && KNOWN.has(unit) ? UNITS[unit] : "none",
      startValue: 0,
      endValue: weights.reduce((sum, weight) => sum + weight, 0),
      samples,
      weights,
    };
  });
  const file = { $schema: SCHEMA, name: stacks.probe, exporter: "rxbpf", shared: { frames }, profiles };
  return `${JSON.stringify(file)}\n`;
}
