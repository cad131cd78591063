import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

import { makeAside, putInPlace } from "./aside.mjs";
import { step } from "./step.mjs";

/** Whether node_modules matches package-lock.json. */
export function modulesAreInstalled() {
  if (!existsSync("node_modules/.package-lock.json")) return false;
  const locked = read("package-lock.json").packages;
  const there = read("node_modules/.package-lock.json").packages;
  // Packages for other systems are in the lock file but not installed.
  const matches = ([place, entry]) => (there[place] ? isDeepStrictEqual(there[place], entry) : entry.optional);
  const { "": root, ...packages } = locked;
  return (
    Object.entries(packages).every(matches) &&
    Object.keys(there).every((place) => packages[place] && existsSync(`${place}/package.json`)) &&
    asksFor("package.json", root) &&
    isDeepStrictEqual(read("package.json").workspaces, root.workspaces) &&
    workspaces().every((folder) => packages[folder] && asksFor(`${folder}/package.json`, packages[folder]))
  );
}

/** Installs the packages with `npm ci`. That begins by removing node_modules, so it runs in a folder aside. */
export function installModules() {
  const aside = makeAside();
  // npm links a workspace's commands only if their files exist.
  const needed = workspaces().flatMap((folder) => [`${folder}/package.json`, `${folder}/bin`]);
  for (const file of ["package.json", "package-lock.json", ".npmrc", ...needed])
    if (existsSync(file)) cpSync(file, path.join(aside, file), { recursive: true });
  // npm's default log level: otherwise the silence of `npm start -s` would be inherited.
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=notice"];
  step("Installing the npm packages", ["npm", "ci", ...options, `--prefix=${path.resolve(aside)}`], { cwd: aside });
  putInPlace(aside, ["node_modules", ...workspaces().map((folder) => `${folder}/node_modules`)]);
}

// If a package.json does not match the lock file, `npm ci` reports it.
function asksFor(file, locked) {
  const asked = read(file);
  return ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].every((kind) =>
    isDeepStrictEqual(asked[kind], locked[kind]),
  );
}

/** The folders of the workspaces that package.json names, directly or as `packages/*`. */
function workspaces() {
  return read("package.json")
    .workspaces.flatMap((pattern) => {
      const [parent, all] = pattern.split("/*");
      return all === undefined ? [pattern] : readdirSync(parent).map((name) => `${parent}/${name}`);
    })
    .filter((folder) => existsSync(`${folder}/package.json`));
}

function read(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}
