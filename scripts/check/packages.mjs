import { readdirSync } from "node:fs";
import path from "node:path";

import { publint } from "publint";
import { formatMessage } from "publint/utils";

/** What nx runs of each package: without it, the package would not be built, or its tests would not run. */
const SCRIPTS = ["build", "test:unit"];

/** What would trouble those who install the packages, which must have been built; and what nx needs of them. */
export async function checkPackages(root) {
  const problems = [];
  for (const name of readdirSync(path.join(root, "packages"))) {
    const { messages, pkg } = await publint({
      pkgDir: path.resolve(root, "packages", name),
      pack: false,
      strict: true,
    });
    for (const script of SCRIPTS)
      if (!pkg.scripts?.[script]) problems.push(`packages/${name}: package.json has no script ${script}`);
    problems.push(...messages.map((message) => `packages/${name}: ${formatMessage(message, pkg, { color: false })}`));
  }
  return problems;
}
