import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * The libraries in the command's bundle that `LICENSES.txt` next to it leaves out. The bundle's comments tell where
 * each part comes from.
 */
export function checkLicences(root) {
  const folder = path.join(root, "packages/repl/dist/bundle");
  const licences = `\n${readFileSync(path.join(folder, "LICENSES.txt"), "utf8")}`;
  const sources = readdirSync(folder).filter((name) => name.endsWith(".cjs"));
  const code = sources.map((name) => readFileSync(path.join(folder, name), "utf8")).join("\n");
  const libraries = [...code.matchAll(/^\/\/ .*node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name]) => name);
  if (libraries.length === 0) return ["The bundle has no comments that tell where its parts come from"];
  const missing = [...new Set(libraries)].filter((name) => !licences.includes(`\n${name} `));
  return missing.map((name) => `packages/repl/dist/bundle/LICENSES.txt: ${name} is in the bundle but not in this file`);
}
