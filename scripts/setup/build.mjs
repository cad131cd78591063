import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { makeAside, putInPlace } from "./aside.mjs";
import { run, step } from "./step.mjs";

const STAMP = "node_modules/.rxbpf-build";

/**
 * Whether all is as the last build left it. What has to be built is nx's to know; but nx takes a second to find that
 * it is nothing, and `npm start` a third of that in all.
 */
export function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp(fingerprint(sources()));
}

/** Builds by nx, which takes from its cache what has not changed, and puts the results in their places. */
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

/** Where each part is built, and where it is used: there it is never half there. */
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
