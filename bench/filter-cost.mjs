// What each filter of opensnoop adds to an open that it drops, and to one that it lets through.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { cgroupOfProcess } from "@rxbpf/filters";

import { interleaved, rxbpf } from "./tools.mjs";
import { startTracer } from "./tracer.mjs";

const OPENS = 20_000;
/** How often the flood runs in a round. */
const RUNS = 10;

/** Flags that let the flood through, and flags that drop it, with the pids of the flood and of another process. */
const FILTERS = {
  pid: (flood, other) => [
    ["--pid", flood],
    ["--pid", other],
  ],
  "pid, one of ten": (flood, other) => [
    ["--pid", [...Array(9).fill(other), flood].join(",")],
    ["--pid", Array(10).fill(other).join(",")],
  ],
  tid: (flood, other) => [
    ["--tid", flood],
    ["--tid", other],
  ],
  ppid: (_, other) => [
    ["--ppid", process.pid],
    ["--ppid", other],
  ],
  uid: () => [
    ["--uid", 0],
    ["--uid", 12_345],
  ],
  comm: () => [
    ["--comm", "flood"],
    ["--comm", "another"],
  ],
  tree: (flood, other) => [
    ["--tree", flood],
    ["--tree", other],
  ],
  cgroup: (flood) => [
    ["--cgroup-tree", cgroupOfProcess(flood)],
    ["--unit", "rxbpf-bench-no-such"],
  ],
  mntns: (flood, other) => [
    ["--mntns", flood],
    ["--mntns", other],
  ],
  netns: (flood, other) => [
    ["--netns", flood],
    ["--netns", other],
  ],
};

/**
 * @returns rows of `{ filter, unrelated, matching }` in nanoseconds: what opensnoop adds to an open that the filter drops, and what the
 * filter adds to one that it lets through. Of the time that the flood itself ran, the shortest of interleaved rounds counts, as
 * whatever disturbs makes it longer.
 */
export async function filterCost({ folder, rounds }) {
  const flood = startFlood(folder);
  // In namespaces of its own.
  const other = spawn("unshare", ["-mn", "sh", "-c", "echo started; exec sleep 100000"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(other.stdout, "data");
  try {
    const ways = { untraced: undefined, all: [] };
    for (const [name, flagsOf] of Object.entries(FILTERS)) {
      const [matching, unrelated] = flagsOf(flood.pid, other.pid);
      ways[`${name}: matching`] = matching;
      ways[`${name}: unrelated`] = unrelated;
    }
    const samples = await interleaved(ways, rounds, async (flags) => {
      const tracer = flags && startTracer(folder, [...rxbpf, "opensnoop", ...flags.map(String)]);
      // The filter's own programs attach before those of opensnoop, whose heading tells that all are.
      while (tracer && statSync(tracer.output).size === 0) await sleep(50);
      await tracer?.attached();
      await flood.measure(); // the first run after attaching warms the caches
      const runs = [];
      for (let run = 0; run < RUNS; run++) runs.push(await flood.measure());
      await tracer?.stop();
      return runs;
    });
    const costOf = (name) => Math.min(...samples.get(name).flat());
    return Object.keys(FILTERS).map((filter) => ({
      filter,
      unrelated: Math.round(costOf(`${filter}: unrelated`) - costOf("untraced")),
      matching: Math.round(costOf(`${filter}: matching`) - costOf("all")),
    }));
  } finally {
    flood.end();
    other.kill();
  }
}

/** Starts the flood on the second processor. `measure` lets it run, and resolves to the nanoseconds that it ran for an open. */
function startFlood(folder) {
  const command = ["-c", "1", path.join(folder, "flood"), String(OPENS), "-"];
  const child = spawn("taskset", command, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    async measure() {
      child.stdin.write("\n");
      const { value } = await lines.next();
      return Number(value.split(" ")[2]);
    },
    end: () => child.stdin.end(),
  };
}
