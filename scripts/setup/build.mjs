import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { makeAside, putInPlace } from "./aside.mjs";
import { run, step } from "./step.mjs";

const STAMP = "node_modules/.rxbpf-build";

/**
 * Whether everything is as the last build left it. nx knows what has to be built, but takes a second to find that it is
 * nothing; the whole of `npm start` takes a third of that.
 */
export function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp(fingerprint(sources()));
}

/** Builds with nx, which takes unchanged parts from its cache, and moves the results into place. */
export function build() {
  const from = fingerprint(sources());
  step("Building", ["node_modules/.bin/nx", "run-many", "--target=build"]);
  const aside = makeAside();
  for (const { built, place } of results()) {
    if (!existsSync(built)) throw new Error(`Cannot set up: nothing was built into ${built}`);
    const filter = (file) => path.basename(file) !== ".tsbuildinfo";
    cpSync(built, path.join(aside, place), { recursive: true, filter });
  }
  putInPlace(
    aside,
    results().map(({ place }) => place),
  );
  run([process.execPath, "scripts/document.mjs"]);
  writeFileSync(STAMP, stamp(from));
}

/** Where each part is built and where it is used. In the second place it is always complete. */
function results() {
  return [
    ...["probes", "filters"].map((name) => ({ built: `bpf/build/${name}`, place: `packages/${name}/bpf` })),
    ...packages().map((folder) => ({ built: `${folder}/build`, place: `${folder}/dist` })),
  ];
}

function sources() {
  const parts = packages().flatMap((folder) =>
    ["src", "package.json", "tsconfig.json"].map((name) => `${folder}/${name}`),
  );
  const programs = readdirSync("bpf").map((name) => `bpf/${name}`);
  return [
    ...parts,
    ...programs.filter((name) => name !== "bpf/build"),
    ...[
      "nx.json",
      "package.json",
      "tsconfig.base.json",
      "scripts/bundle.mjs",
      "scripts/bundle-page.mjs",
      "scripts/bundled-licences.mjs",
      "scripts/document.mjs",
      "node_modules/.package-lock.json",
    ],
  ];
}

function packages() {
  return readdirSync("packages").map((name) => `packages/${name}`);
}

function stamp(from) {
  return `${from} ${fingerprint(results().map(({ place }) => place))}`;
}

/** A text that changes when a file below one of the paths is added, removed or written. */
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
