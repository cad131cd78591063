// Loads ticks from a process of its own, with the built packages: load-ticks.mjs OBJECT VARIANT..., each of these its programs with
// commas between them. Prints those of the variant that was taken, or why none was. With FILES it may have so many files open from then on.
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
