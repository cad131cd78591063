// What tools that watch the whole machine cost it: two processes hand a byte back and forth while our tools or their
// peers run.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { median } from "./statistics.mjs";
import { interleaved, rxbpf } from "./tools.mjs";
import { startTracer } from "./tracer.mjs";

const HANDOFFS = 100_000;
const STACKS = "profile:hz:99 { @[kstack, ustack, pid, comm] = count(); }";

/** A peer, by the files that it needs. */
const peer = (...command) => ({ needs: command.filter((word) => word.startsWith("/")), command: () => command });
const ours = (...args) => ({ command: () => [...rxbpf, ...args] });

const WATCHERS = {
  untraced: undefined,
  runqlat: ours("runqlat"),
  "libbpf-tools runqlat": peer("/usr/sbin/runqlat"),
  "bpftrace runqlat.bt": peer("/usr/bin/bpftrace", "/usr/sbin/runqlat.bt"),
  syscount: ours("syscount"),
  "libbpf-tools syscount": peer("/usr/sbin/syscount"),
  "bpftrace syscount.bt": peer("/usr/bin/bpftrace", "/usr/sbin/syscount.bt"),
  "profile -F 99": ours("profile", "-F", "99"),
  "bpftrace profile:hz:99": peer("/usr/bin/bpftrace", "-e", STACKS),
};

/**
 * @returns rows of `{ name, nsPerHandoff, addedNs, cpu }`, medians of interleaved rounds; `cpu` is the tool's, in
 * seconds
 */
export async function machineCost({ folder, rounds }) {
  const there = Object.entries(WATCHERS).filter(([, watcher]) => watcher?.needs?.every(existsSync) ?? true);
  const samples = await interleaved(Object.fromEntries(there), rounds, async (watcher) => {
    const tracer = watcher && startTracer(folder, watcher.command());
    await tracer?.attached();
    await handOff(folder); // the first run after attaching warms the caches
    const ns = [await handOff(folder), await handOff(folder)];
    const { user = 0, system = 0 } = (await tracer?.stop()) ?? {};
    return { ns, cpu: user + system };
  });
  const costs = [...samples].map(([name, runs]) => ({
    name,
    nsPerHandoff: Math.round(median(runs.flatMap(({ ns }) => ns))),
    cpu: Number(median(runs.map(({ cpu }) => cpu)).toFixed(2)),
  }));
  const base = costs[0].nsPerHandoff;
  return costs.map(({ name, nsPerHandoff, cpu }) => ({ name, nsPerHandoff, addedNs: nsPerHandoff - base, cpu }));
}

async function handOff(folder) {
  const program = path.join(folder, "handoffs");
  const { stdout } = await promisify(execFile)("taskset", ["-c", "1", program, String(HANDOFFS)]);
  return Number(stdout);
}
