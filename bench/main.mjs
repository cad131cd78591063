// `npm run bench [-- --rounds N]`: prints a table, then the same as one line of JSON.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { clangFlags } from "../bpf/flags.mjs";
import { openCost } from "./open-cost.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-bench-"));
const here = path.dirname(new URL(import.meta.url).pathname);
try {
  execFileSync("cc", ["-O2", "-o", path.join(folder, "flood"), path.join(here, "flood.c")]);
  execFileSync("clang", [
    ...clangFlags(),
    "-c",
    path.join(here, "empty.bpf.c"),
    "-o",
    path.join(folder, "empty.bpf.o"),
  ]);
  const cost = await openCost({ folder, rounds: Number(values.rounds) });
  console.log(`\nWhat tracing adds to open and close of a file (medians of ${values.rounds} interleaved rounds):`);
  console.table(cost);
  console.log(JSON.stringify({ openCost: cost }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
