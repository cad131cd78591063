// How long a tracer takes from its start until it sees, and until it shows, events.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { median } from "./statistics.mjs";
import { interleaved, tools } from "./tools.mjs";
import { startTracer } from "./tracer.mjs";

/** @returns by tool, the seconds to the first event that it `sees`, and that it `shows` if it writes to a pipe */
export async function startUp({ folder, rounds }) {
  const samples = await interleaved(tools, rounds, (tool) => startOnce(folder, tool));
  return Object.fromEntries(
    [...samples].map(([name, runs]) => {
      const shown = runs.flatMap(({ shows }) => shows ?? []);
      const shows = shown.length > 0 ? { shows: median(shown) } : {};
      return [name, { sees: median(runs.map(({ sees }) => sees)), ...shows }];
    }),
  );
}

/** Opens a file every millisecond meanwhile: missing opens were made before the tracer saw anything. */
async function startOnce(folder, { command, writes, opens }) {
  const ticks = spawn("taskset", ["-c", "1", path.join(folder, "ticks")], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const lines = createInterface({ input: ticks.stdout })[Symbol.asyncIterator]();
    const began = BigInt((await lines.next()).value);
    const file = path.join(folder, "recording");
    const start = process.hrtime.bigint();
    const tracer = startTracer(folder, command(file), { pipe: !writes });
    const shown = writes ? undefined : firstLine(tracer.child.stdout);
    await tracer.attached();
    const shows = shown && Number((await shown.first) - start) / 1e9;
    ticks.kill("SIGTERM");
    const made = Number((await lines.next()).value);
    await sleep(200); // longer than any tracer pauses between two looks
    await tracer.stop();
    if (shown) writeFileSync(file, await shown.all);
    const seen = await opens(file, "ticks");
    return { sees: Number(began - start) / 1e9 + (made - seen) / 1000, shows };
  } finally {
    ticks.kill("SIGTERM");
  }
}

/** When the first open of `ticks` comes out of a pipe, and everything that does. */
function firstLine(pipe) {
  const chunks = [];
  const first = new Promise((resolve) => {
    pipe.on("data", (chunk) => {
      chunks.push(chunk);
      if (chunk.includes("ticks")) resolve(process.hrtime.bigint());
    });
  });
  return { first, all: once(pipe, "close").then(() => Buffer.concat(chunks)) };
}
