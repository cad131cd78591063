// `npm run bench [-- --rounds N --only PART --minutes N]`: prints tables, then all results as one line of JSON.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { clangFlags } from "../bpf/flags.mjs";
import { mountMissing } from "../testing/mounts.mjs";
import { conditions } from "./conditions.mjs";
import { filterCost } from "./filter-cost.mjs";
import { lossless } from "./lossless.mjs";
import { machineCost } from "./machine-cost.mjs";
import { memory } from "./memory.mjs";
import { openCost } from "./open-cost.mjs";
import { prompt } from "./prompt.mjs";
import { recordings } from "./recordings.mjs";
import { report } from "./report.mjs";
import { startUp } from "./start-up.mjs";
import {
  showConditions,
  showCosts,
  showFilterCosts,
  showMachineCosts,
  showRecordings,
  showReports,
  showTargets,
} from "./tables.mjs";
import { targets } from "./targets.mjs";
import { missing } from "./tools.mjs";

/** The parts of the benchmark. Each is a member of the results. */
const PARTS = {
  cost: openCost,
  filters: filterCost,
  where: conditions,
  machine: machineCost,
  flood: recordings,
  start: startUp,
  lossless,
  prompt,
  report,
  memory,
};

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string", multiple: true },
    seconds: { type: "string", default: "10" },
    minutes: { type: "string" },
  },
});
const minutes = Number(values.minutes ?? 0);
const wanted =
  values.only ??
  (minutes > 0
    ? ["memory"]
    : ["cost", "filters", "where", "machine", "flood", "start", "lossless", "prompt", "report"]);
const unknown = wanted.filter((part) => !Object.hasOwn(PARTS, part));
if (unknown.length > 0) refuse(`there is no part ${unknown.join(" ")}; there are ${Object.keys(PARTS).join(" ")}`);
if (process.getuid() !== 0) refuse("tracing needs root; run: sudo npm run bench");

const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-bench-"));
const unmount = mountMissing(["bpf", "tracefs"], "the benchmark");
process.once("exit", () => {
  rmSync(folder, { recursive: true, force: true });
  unmount();
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
compile();
if (missing.length > 0)
  console.log(
    `Left out, as they are not installed: ${missing.join(" ")}; to compare with them, run: apt-get install ${missing.join(" ")}`,
  );
const given = { folder, minutes, rounds: Number(values.rounds), seconds: Number(values.seconds) };
const results = {};
for (const part of wanted)
  results[part] = await PARTS[part](given).catch((error) => refuse(`${part}: ${error.message}`));
const reached = targets(results);
if (results.cost) showCosts(results.cost);
if (results.filters) showFilterCosts(results.filters);
if (results.where) showConditions(results.where);
if (results.machine) showMachineCosts(results.machine);
if (results.flood ?? results.start) showRecordings(results);
if (results.report) showReports(results.report);
if (reached.length > 0) showTargets(reached);
console.log(JSON.stringify({ rounds: given.rounds, ...results, targets: reached }));

/** Ends the run with one line. */
function refuse(why) {
  console.error(`Cannot measure: ${why}`);
  process.exit(1);
}

function compile() {
  const source = (name) => fileURLToPath(new URL(name, import.meta.url));
  for (const program of ["flood", "handoffs", "ticks", "usage"])
    execFileSync("cc", ["-O2", "-static", "-o", path.join(folder, program), source(`${program}.c`)]);
  execFileSync("clang", [...clangFlags(), "-c", source("empty.bpf.c"), "-o", path.join(folder, "empty.bpf.o")]);
}
