// What recording a flood of opens costs: the program that opens, and the recorder.
import { rmSync, statSync } from "node:fs";
import path from "node:path";

import { flood } from "./flood.mjs";
import { median } from "./statistics.mjs";
import { interleaved, tools } from "./tools.mjs";
import { startTracer } from "./tracer.mjs";

const OPENS = 1_000_000;

/**
 * @returns `{ lost, speed, cpu, bytes, peak }` by tool, medians of interleaved rounds; `speed` is relative to the
 * untraced flood
 */
export async function recordings({ folder, rounds }) {
  const { untraced, ...samples } = Object.fromEntries(
    await interleaved({ untraced: undefined, ...tools }, rounds, (tool) =>
      tool ? recordFlood(folder, tool, OPENS) : flood(folder, OPENS),
    ),
  );
  const base = median(untraced.map(({ nsPerOpen }) => nsPerOpen));
  return {
    nsPerOpen: base,
    tools: Object.fromEntries(
      Object.entries(samples).map(([name, runs]) => {
        const of = (key) => median(runs.map((run) => run[key]));
        const { nsPerOpen, ...rest } = Object.fromEntries(Object.keys(runs[0]).map((key) => [key, of(key)]));
        return [name, { ...rest, speed: base / nsPerOpen }];
      }),
    ),
  };
}

/**
 * Records one flood.
 * @param amount as `flood` takes it
 * @returns `lost` events; `cpu`, seconds per million events, including the start; `bytes` of output per event; `peak`
 * memory in bytes; `nsPerOpen` and `opens` of the flood
 */
export async function recordFlood(folder, { command, writes, opens: inOutput }, amount) {
  const file = path.join(folder, "recording");
  const tracer = startTracer(folder, command(file));
  await tracer.attached();
  const { opens, nsPerOpen } = await flood(folder, amount);
  const { user, system, peak } = await tracer.stop();
  const output = writes ? file : tracer.output;
  const { size } = statSync(output);
  const kept = await inOutput(output, "flood");
  rmSync(output);
  return {
    opens,
    lost: opens - kept,
    nsPerOpen,
    cpu: ((user + system) / opens) * 1e6,
    bytes: size / kept,
    peak,
  };
}
