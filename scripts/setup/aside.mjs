// Set-up builds in a folder aside, and moves the results into place once they are complete. So an interrupted set-up
// leaves everything as it was.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

const ASIDE = ".setup";
const OLD = `${ASIDE}/old`;

/** Makes an empty folder, laid out like the clone. Whatever an interrupted set-up has left there is removed. */
export function makeAside() {
  rmSync(ASIDE, { recursive: true, force: true });
  const made = `${ASIDE}/new`;
  mkdirSync(made, { recursive: true });
  return made;
}

/** Moves files and folders from the aside folder into place. Places that it does not have are removed. */
export function putInPlace(aside, places) {
  for (const place of places) {
    for (const parent of [path.dirname(place), path.dirname(`${OLD}/${place}`)]) mkdirSync(parent, { recursive: true });
    if (existsSync(place)) renameSync(place, `${OLD}/${place}`);
    if (existsSync(`${aside}/${place}`)) renameSync(`${aside}/${place}`, place);
  }
  rmSync(ASIDE, { recursive: true, force: true });
}
