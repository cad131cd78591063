import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { parseSync } from "oxc-parser";

/** The names that a declaration file exports, types and values, including those that it re-exports from files beside it. */
export function exportedNames(file: string): Set<string> {
  const names = new Set<string>();
  const seen = new Set<string>();
  const pending = [file];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const { module } = parseSync(next, readFileSync(next, "utf8"), { sourceType: "module", lang: "dts" });
    for (const { entries } of module.staticExports) {
      for (const { exportName, importName, moduleRequest } of entries) {
        if (exportName.name !== null) names.add(exportName.name);
        else if (importName.kind !== "None" && moduleRequest?.value.startsWith("."))
          pending.push(declarations(join(dirname(next), moduleRequest.value)));
      }
    }
  }
  names.delete("default");
  return names;
}

/** The declaration file of a relative import. */
function declarations(path: string): string {
  const stem = path.replace(/\.js$/, "");
  return existsSync(`${stem}.d.ts`) ? `${stem}.d.ts` : join(stem, "index.d.ts");
}
