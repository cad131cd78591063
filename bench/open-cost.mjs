// What tracing adds to an open: with no program, an empty program on the same hook, opensnoop, and its peers.
import { rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { flood } from "./flood.mjs";
import { median } from "./statistics.mjs";
import { interleaved, tools } from "./tools.mjs";
import { startTracer } from "./tracer.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const OPENS = 150_000;
const PEERS = ["libbpf-tools opensnoop", "bpftrace opensnoop.bt"];

function tracers(folder, emptySet) {
  const way = (...command) => ({ command: () => command });
  const rxbpf = tools.text.command();
  const peers = Object.entries(tools).filter(([name]) => PEERS.includes(name));
  return {
    untraced: undefined,
    "empty program": way(process.execPath, path.join(root, "bench/empty.mjs"), path.join(folder, "empty.bpf.o")),
    "opensnoop, cgroup filter not matching": way(...rxbpf, "--cgroupmap", emptySet),
    "opensnoop, matching": way(...rxbpf),
    ...Object.fromEntries(peers),
  };
}

/** @returns rows of `{ name, nsPerOpen, addedNs, beyondEmptyNs }`, medians of interleaved rounds */
export async function openCost({ folder, rounds }) {
  const set = `/sys/fs/bpf/rxbpf-bench-${process.pid}`;
  const measure = async () => (await flood(folder, OPENS)).nsPerOpen;
  let samples;
  try {
    samples = await interleaved(tracers(folder, set), rounds, async (way) => {
      const tracer = way && startTracer(folder, way.command());
      await tracer?.attached();
      await measure(); // the first run after attaching warms the caches
      const both = [await measure(), await measure()];
      await tracer?.stop();
      return both;
    });
  } finally {
    rmSync(set, { force: true });
  }
  const costs = [...samples].map(([name, runs]) => ({ name, nsPerOpen: Math.round(median(runs.flat())) }));
  const costOf = (wanted) => costs.find(({ name }) => name === wanted).nsPerOpen;
  return costs.map(({ name, nsPerOpen }) => {
    const [base, empty] = [costOf("untraced"), costOf("empty program")];
    return { name, nsPerOpen, addedNs: nsPerOpen - base, beyondEmptyNs: nsPerOpen - empty };
  });
}
