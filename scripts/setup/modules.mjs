import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

import { step } from "./step.mjs";

/** Runs `npm ci` when node_modules is not what package-lock.json says. */
export function installModules() {
  if (installed()) return;
  // The log level is npm's own default: `npm start -s` would hand its silence down.
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=notice"];
  step("Installing the npm packages", ["npm", "ci", ...options]);
}

function installed() {
  if (!existsSync("node_modules/.package-lock.json")) return false;
  const locked = read("package-lock.json").packages;
  const there = read("node_modules/.package-lock.json").packages;
  // Packages for other systems are locked and not installed.
  const matches = ([place, entry]) => (there[place] ? isDeepStrictEqual(there[place], entry) : entry.optional);
  const { "": root, ...packages } = locked;
  return (
    Object.entries(packages).every(matches) &&
    Object.keys(there).every((place) => packages[place] && existsSync(`${place}/package.json`)) &&
    asksFor("package.json", root) &&
    workspaces().every((folder) => packages[folder] && asksFor(`${folder}/package.json`, packages[folder]))
  );
}

// A package.json that asks for something else than the lock file makes `npm ci` say so.
function asksFor(file, locked) {
  const asked = read(file);
  return ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].every((kind) =>
    isDeepStrictEqual(asked[kind], locked[kind]),
  );
}

function workspaces() {
  return readdirSync("packages")
    .map((name) => `packages/${name}`)
    .filter((folder) => existsSync(`${folder}/package.json`));
}

function read(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}
