import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

import { publint } from "publint";
import { formatMessage } from "publint/utils";

/** The scripts that nx runs in each package. Without them the package would not be built or tested. */
const SCRIPTS = ["build", "test:unit"];

/** Fields of package.json that all packages share with the repository. */
const SHARED = ["license", "homepage", "bugs", "engines"];

/** The command's package, which no user's program depends on. */
const COMMAND = "rxbpf";

/**
 * Faults that would trouble people who install the packages, and fields that nx and npm need. The packages must be
 * built.
 */
export async function checkPackages(root) {
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const problems = [];
  for (const name of readdirSync(path.join(root, "packages"))) {
    const { messages, pkg } = await publint({
      pkgDir: path.resolve(root, "packages", name),
      pack: false,
      strict: true,
    });
    const wrong = [
      ...wrongIn(pkg, `packages/${name}`, manifest),
      ...messages.map((message) => formatMessage(message, pkg, { color: false })),
    ];
    problems.push(...wrong.map((problem) => `packages/${name}: ${problem}`));
  }
  return problems;
}

/** The faults of a package's package.json, one line each. */
export function wrongIn(pkg, folder, manifest) {
  const { repository } = manifest;
  const same = (key, value, wanted) =>
    isDeepStrictEqual(value, wanted) ? [] : [`${key} is ${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`];
  const needed = Object.entries({ ...pkg.dependencies, ...pkg.peerDependencies });
  return [
    ...SCRIPTS.filter((script) => !pkg.scripts?.[script]).map((script) => `package.json has no script ${script}`),
    ...SHARED.flatMap((key) => same(key, pkg[key], manifest[key])),
    ...same("repository", pkg.repository, { ...repository, directory: folder }),
    ...same("publishConfig", pkg.publishConfig, { access: "public", provenance: true }),
    ...needed.filter(([name]) => name.startsWith("@rxbpf/")).flatMap(([name, is]) => same(name, is, pkg.version)),
    // A program must have one RxJS, its own.
    ...(pkg.name !== COMMAND && pkg.dependencies?.rxjs ? ["rxjs is a dependency, not a peer"] : []),
    ...(pkg.name !== COMMAND && !pkg.peerDependencies?.rxjs ? ["rxjs is no peer"] : []),
    ...(pkg.dependencies?.koffi ? ["koffi is a dependency, not an optional one"] : []),
  ];
}
