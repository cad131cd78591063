// Loads ticks in a separate process, with the built packages: load-ticks.mjs OBJECT VARIANT..., each VARIANT a list of
// programs separated by commas. Prints the programs of the variant that was loaded, or why none was. FILES limits how
// many files it may have open from then on.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { load } from "@rxbpf/core/bpf";

const [object, ...variants] = process.argv.slice(2);
const { FILES: files } = process.env;
if (files) execFileSync("prlimit", [`--pid=${process.pid}`, `--nofile=${files}`]);
try {
  const image = {
    name: "ticks",
    bytes: () => readFileSync(object),
    variants: variants.map((programs) => ({ programs: programs.split(",") })),
  };
  const loaded = load(image, { constants: { self_pid: process.pid } });
  console.log(loaded.variant.programs.join());
  loaded.object.close();
} catch ({ name, message, code }) {
  console.log(`${name} ${code}: ${message}`);
}
