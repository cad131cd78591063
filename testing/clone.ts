import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));
/** Names that a clone does not have before it is set up. */
const MADE = new Set([".git", ".nx", ".setup", "api", "build", "dist", "node_modules"]);

/** Copies the repository as it is into a folder, not built, with links to the same npm packages. */
export function makeClone(folder: string): void {
  cpSync(repository, folder, { recursive: true, filter: (file) => !MADE.has(path.basename(file)) });
  const link = (place: string, to: string): void => {
    mkdirSync(path.join(folder, path.dirname(place)), { recursive: true });
    symlinkSync(to, path.join(folder, place));
  };
  const share = (place: string): void => link(place, path.join(repository, place));
  const lock = JSON.parse(readFileSync(path.join(repository, "package-lock.json"), "utf8")) as {
    packages: Record<string, { link?: boolean; resolved?: string }>;
  };
  // The clone has workspaces of its own.
  const own = new Set(["@rxbpf", ".rxbpf-build"]);
  for (const [place, { link: isWorkspace, resolved = "" }] of Object.entries(lock.packages)) {
    if (!isWorkspace) continue;
    link(place, path.relative(path.dirname(place), resolved));
    own.add(path.basename(place));
    if (existsSync(path.join(repository, resolved, "node_modules"))) share(`${resolved}/node_modules`);
  }
  for (const name of readdirSync(path.join(repository, "node_modules")))
    if (!own.has(name)) share(`node_modules/${name}`);
}
