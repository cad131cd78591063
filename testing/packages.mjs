import { readdirSync, readFileSync } from "node:fs";

const packages = new URL("../packages/", import.meta.url);

/**
 * The names of the packages, by folder.
 * @returns {Record<string, string>}
 */
export function packageNames() {
  const names = readdirSync(packages).map((folder) => {
    const manifest = readFileSync(new URL(`${folder}/package.json`, packages), "utf8");
    return [folder, JSON.parse(manifest).name];
  });
  return Object.fromEntries(names);
}
