// Whether anything is lost of a flood that goes on for a while.
import { recordFlood } from "./recordings.mjs";
import { OURS, tools } from "./tools.mjs";

/** @returns by our ways `{ opens, lost }` */
export async function lossless({ folder, seconds }) {
  const found = {};
  for (const name of OURS) {
    const { opens, lost, peak } = await recordFlood(folder, tools[name], `${seconds}s`);
    found[name] = { opens, lost, peak };
  }
  return found;
}
