// What set-up makes is made aside, and put in its place when it is whole: a set-up that is interrupted leaves
// what was there before.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

const ASIDE = ".setup";
const OLD = `${ASIDE}/old`;

/** An empty folder, laid out as the clone is. What is left there is from a set-up that was interrupted. */
export function makeAside() {
  rmSync(ASIDE, { recursive: true, force: true });
  const made = `${ASIDE}/new`;
  mkdirSync(made, { recursive: true });
  return made;
}

/** Puts files and folders of the aside folder in their places, or removes those that it does not have. */
export function putInPlace(aside, places) {
  for (const place of places) {
    for (const parent of [path.dirname(place), path.dirname(`${OLD}/${place}`)]) mkdirSync(parent, { recursive: true });
    if (existsSync(place)) renameSync(place, `${OLD}/${place}`);
    if (existsSync(`${aside}/${place}`)) renameSync(`${aside}/${place}`, place);
  }
  rmSync(ASIDE, { recursive: true, force: true });
}
