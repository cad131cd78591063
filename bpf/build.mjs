// Compiles every bpf/*.bpf.c into bpf/build. Set-up puts them into packages/probes/bpf, the folder that the probes'
// package ships.
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { clangFlags } from "./flags.mjs";

const source = fileURLToPath(new URL(".", import.meta.url));
const target = path.join(source, "build");
const flags = clangFlags();

rmSync(target, { recursive: true, force: true });
mkdirSync(target);
const programs = readdirSync(source).filter((name) => name.endsWith(".bpf.c"));
await Promise.all(programs.map(compile));

async function compile(name) {
  const object = path.join(target, name.replace(/c$/, "o"));
  try {
    await promisify(execFile)("clang", [...flags, "-c", path.join(source, name), "-o", object]);
  } catch ({ code, stderr }) {
    console.error(`Cannot compile bpf/${name}: ${code === "ENOENT" ? "clang is not installed" : `\n${stderr}`}`);
    process.exitCode = 1;
  }
}
