// Compiles the programs of a folder into the package that ships it: `node bpf/build.mjs` all, `node bpf/build.mjs probes`
// those of one package.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

import { clangFlags } from "./flags.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
/** Where a package's programs are. */
const SOURCES = { probes: here, filters: path.join(here, "iterators") };

const newest = (folder, ending) =>
  Math.max(
    ...readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => statSync(path.join(folder, name)).mtimeMs),
  );
const headers = Math.max(newest(path.join(here, "include"), ".h"), newest(here, ".mjs"));

for (const name of process.argv[2] ? [process.argv[2]] : Object.keys(SOURCES))
  compile(SOURCES[name], path.join(here, "../packages", name, "bpf"));

function compile(source, target) {
  mkdirSync(target, { recursive: true });
  const programs = readdirSync(source).filter((name) => name.endsWith(".bpf.c"));
  const wanted = new Set(programs.map((name) => name.replace(/c$/, "o")));
  for (const name of readdirSync(target)) if (!wanted.has(name)) rmSync(path.join(target, name));

  for (const name of programs) {
    const from = path.join(source, name);
    const to = path.join(target, name.replace(/c$/, "o"));
    const built = statSync(to, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (built > Math.max(statSync(from).mtimeMs, headers)) continue;
    try {
      execFileSync("clang", [...clangFlags(), "-c", from, "-o", to], { stdio: "inherit" });
    } catch (error) {
      console.error(
        `Cannot compile ${path.relative(path.join(here, ".."), from)}: ${error.code === "ENOENT" ? "clang is not installed" : "clang failed"}`,
      );
      process.exit(1);
    }
  }
}
