import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { step } from "./step.mjs";

const STAMP = "node_modules/.rxbpf-build.json";

/** Builds what has changed, in its sources or in what they were built into, since it was last built. */
export function build() {
  const packages = readdirSync("packages").map((name) => `packages/${name}`);
  const dists = packages.map((folder) => `${folder}/dist`);
  const sources = packages.flatMap((folder) =>
    ["src", "package.json", "tsconfig.json"].map((name) => `${folder}/${name}`),
  );
  const parts = {
    bpf: {
      sources: ["bpf"],
      results: ["packages/probes/bpf", "packages/filters/bpf"],
      make: () => step("Compiling the BPF programs", [process.execPath, "bpf/build.mjs"]),
    },
    dist: {
      sources: [
        ...sources,
        "tsconfig.json",
        "tsconfig.base.json",
        "node_modules/.package-lock.json",
        "scripts/bundle.mjs",
      ],
      results: dists,
      make: () => {
        // From nothing: tsc misses deleted results, and leaves those of deleted sources.
        for (const dist of dists) rmSync(dist, { recursive: true, force: true });
        step("Compiling the packages", [process.execPath, "node_modules/typescript/bin/tsc", "--build"]);
        step("Bundling the command", [process.execPath, "scripts/bundle.mjs"]);
      },
    },
  };

  const built = existsSync(STAMP) ? JSON.parse(readFileSync(STAMP, "utf8")) : {};
  for (const [name, { sources, results, make }] of Object.entries(parts)) {
    const from = fingerprint(sources);
    if (built[name]?.from === from && built[name].to === fingerprint(results)) continue;
    make();
    built[name] = { from, to: fingerprint(results) };
    writeFileSync(STAMP, JSON.stringify(built));
  }
}

/** Changes when a file below one of the paths appears, goes or is written. */
function fingerprint(paths) {
  const hash = createHash("sha256");
  for (const file of paths.flatMap(filesBelow)) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest("hex");
}

function filesBelow(from) {
  const stat = statSync(from, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat ? [from] : [];
  return readdirSync(from)
    .sort()
    .flatMap((name) => filesBelow(path.join(from, name)));
}
