import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { uniqueName } from "../../../testing/kernel-objects.js";

/** Writes a script, and what lies beside it, into a folder of its own. Gives the script's path. */
export function scriptIn(folder: string, source: string, beside: Readonly<Record<string, string>> = {}): string {
  const own = path.join(folder, uniqueName());
  for (const [name, text] of Object.entries({ "script.ts": source, ...beside })) {
    const file = path.join(own, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return path.join(own, "script.ts");
}
