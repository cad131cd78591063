// What tracing adds to an open: untraced, an empty program on the same hook, opensnoop, and its peers.
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { flood } from "./flood.mjs";
import { median } from "./statistics.mjs";
import { startTracer } from "./tracer.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const OPENS = 150_000;

function tracers(folder, emptySet) {
  const rxbpf = ["node", path.join(root, "packages/repl/bin/rxbpf.cjs")];
  const peers = {
    "libbpf-tools opensnoop": ["/usr/sbin/opensnoop"],
    "bpftrace opensnoop.bt": ["/usr/sbin/opensnoop.bt"],
  };
  return {
    untraced: undefined,
    "empty program": ["node", path.join(root, "bench/empty.mjs"), path.join(folder, "empty.bpf.o")],
    "opensnoop, cgroup filter not matching": [...rxbpf, "opensnoop", "--cgroupmap", emptySet],
    "opensnoop, matching": [...rxbpf, "opensnoop"],
    ...Object.fromEntries(Object.entries(peers).filter(([, [file]]) => existsSync(file))),
  };
}

/** @returns rows of `{ name, nsPerOpen, addedNs, beyondEmptyNs }`, medians of interleaved rounds */
export async function openCost({ folder, rounds }) {
  const set = `/sys/fs/bpf/rxbpf-bench-${process.pid}`;
  const measure = async () => (await flood(folder, OPENS)).nsPerOpen;
  const samples = new Map();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, command] of Object.entries(tracers(folder, set))) {
        const tracer = command && startTracer(folder, command);
        await tracer?.attached();
        await measure(); // the first run after attaching warms the caches
        samples.set(name, [...(samples.get(name) ?? []), await measure(), await measure()]);
        await tracer?.stop();
      }
    }
  } finally {
    rmSync(set, { force: true });
  }
  const base = median(samples.get("untraced"));
  const empty = median(samples.get("empty program"));
  return [...samples].map(([name, values]) => {
    const nsPerOpen = Math.round(median(values));
    return { name, nsPerOpen, addedNs: Math.round(nsPerOpen - base), beyondEmptyNs: Math.round(nsPerOpen - empty) };
  });
}
