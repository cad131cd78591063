import { readdirSync } from "node:fs";
import path from "node:path";

import { publint } from "publint";
import { formatMessage } from "publint/utils";

/** What would trouble those who install the packages. They must have been built. */
export async function checkPackages(root) {
  const problems = [];
  for (const name of readdirSync(path.join(root, "packages"))) {
    const { messages, pkg } = await publint({
      pkgDir: path.resolve(root, "packages", name),
      pack: false,
      strict: true,
    });
    problems.push(...messages.map((message) => `packages/${name}: ${formatMessage(message, pkg, { color: false })}`));
  }
  return problems;
}
