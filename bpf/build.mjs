// Compiles every program into bpf/build, with a folder for each package that ships some. Set-up copies them there.
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { clangFlags } from "./flags.mjs";

const source = fileURLToPath(new URL(".", import.meta.url));
/** The sources of each package's programs. */
const SOURCES = { probes: source, filters: path.join(source, "filters") };
const target = path.join(source, "build");
const flags = clangFlags();

rmSync(target, { recursive: true, force: true });
await Promise.all(Object.entries(SOURCES).map(([name, folder]) => compileAll(folder, path.join(target, name))));

async function compileAll(folder, results) {
  mkdirSync(results, { recursive: true });
  const programs = readdirSync(folder).filter((name) => name.endsWith(".bpf.c"));
  await Promise.all(
    programs.map((name) => compile(path.join(folder, name), path.join(results, name.replace(/c$/, "o")))),
  );
}

async function compile(program, object) {
  try {
    await promisify(execFile)("clang", [...flags, "-c", program, "-o", object]);
  } catch ({ code, stderr }) {
    const name = path.relative(path.dirname(source), program);
    console.error(`Cannot compile ${name}: ${code === "ENOENT" ? "clang is not installed" : `\n${stderr}`}`);
    process.exitCode = 1;
  }
}
