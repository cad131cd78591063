// What conditions cost and spare: on a flood of opens that they drop or pass, in the kernel or in JavaScript; and how
// long compiling takes.
import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { flood } from "./flood.mjs";
import { median } from "./statistics.mjs";
import { interleaved, tools } from "./tools.mjs";
import { startTracer } from "./tracer.mjs";

const OPENS = 150_000;

/** The flood opens /etc/hostname, with success. */
const CONDITIONS = {
  "no condition": undefined,
  "where passes all": 'e.ret >= 0 && e.path !== "/etc/passwd"',
  "where drops all": 'e.ret < 0 && e.path !== "/etc/passwd"',
  "filter() drops all": "!/hostname/.test(e.path)",
};

/**
 * @returns `events`, rows of `{ name, nsPerOpen, addedNs, cpu }`, medians of interleaved rounds, `cpu` the tracer's in
 * seconds for a million events; and `compile`, in milliseconds: `cold` from loading the compiler on, `warm`, and `starts`,
 * what a condition adds to the start of a program
 */
export async function conditions({ folder, rounds }) {
  const ways = Object.entries(CONDITIONS).map(([name, condition]) => {
    const flags = condition === undefined ? [] : ["--where", condition];
    return [name, [...tools.text.command(), ...flags]];
  });
  const samples = await interleaved(Object.fromEntries([["untraced", undefined], ...ways]), rounds, async (command) => {
    const tracer = command && startTracer(folder, command);
    await tracer?.attached();
    await flood(folder, OPENS); // the first run after attaching warms the caches
    const ns = [(await flood(folder, OPENS)).nsPerOpen, (await flood(folder, OPENS)).nsPerOpen];
    const { user = 0, system = 0 } = (await tracer?.stop()) ?? {};
    return { ns, cpu: ((user + system) * 1e6) / (3 * OPENS) };
  });
  const events = [...samples].map(([name, runs]) => ({
    name,
    nsPerOpen: Math.round(median(runs.flatMap(({ ns }) => ns))),
    cpu: Number(median(runs.map(({ cpu }) => cpu)).toFixed(2)),
  }));
  const base = events[0].nsPerOpen;
  const compile = [];
  for (let round = 0; round < rounds; round++) compile.push(await compileOnce());
  const of = (key) => Number(median(compile.map((one) => one[key])).toFixed(2));
  return {
    events: events.map(({ name, nsPerOpen, cpu }) => ({ name, nsPerOpen, addedNs: nsPerOpen - base, cpu })),
    compile: { cold: of("cold"), warm: of("warm"), starts: of("starts") },
  };
}

/** Compiles in a process of its own, which has not loaded the compiler before. */
async function compileOnce() {
  const script = fileURLToPath(new URL("compile.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd: path.dirname(script) });
  return JSON.parse(stdout);
}
