// Whether a flood that lasts for a while loses any event.
import { recordFlood } from "./recordings.mjs";
import { OURS, tools } from "./tools.mjs";

/** @returns `{ opens, lost }` by our ways of recording */
export async function lossless({ folder, seconds }) {
  const found = {};
  for (const name of OURS) {
    const { opens, lost, peak } = await recordFlood(folder, tools[name], `${seconds}s`);
    found[name] = { opens, lost, peak };
  }
  return found;
}
