import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** The libraries in the command's bundle, by its comments on where each part is from, that `LICENSES.txt` beside it leaves out. */
export function checkLicences(root) {
  const folder = path.join(root, "packages/repl/dist/bundle");
  const licences = `\n${readFileSync(path.join(folder, "LICENSES.txt"), "utf8")}`;
  const sources = readdirSync(folder).filter((name) => name.endsWith(".cjs"));
  const code = sources.map((name) => readFileSync(path.join(folder, name), "utf8")).join("\n");
  const libraries = [...code.matchAll(/^\/\/ .*node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name]) => name);
  if (libraries.length === 0) return ["The bundle does not say what it is made of"];
  const missing = [...new Set(libraries)].filter((name) => !licences.includes(`\n${name} `));
  return missing.map((name) => `packages/repl/dist/bundle/LICENSES.txt: ${name} is in the bundle and not here`);
}
