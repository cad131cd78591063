// Compiles every bpf/*.bpf.c into packages/probes/bpf, the folder that the probes' package ships.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

import { clangFlags } from "./flags.mjs";

const source = fileURLToPath(new URL(".", import.meta.url));
const target = path.join(source, "../packages/probes/bpf");
const newest = (folder, ending) =>
  Math.max(
    ...readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => statSync(path.join(folder, name)).mtimeMs),
  );

mkdirSync(target, { recursive: true });
const headers = Math.max(newest(path.join(source, "include"), ".h"), newest(source, ".mjs"));
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
    console.error(`Cannot compile bpf/${name}: ${error.code === "ENOENT" ? "clang is not installed" : "clang failed"}`);
    process.exit(1);
  }
}
