import { builtinModules } from "node:module";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { temporaryFolder } from "../process/temporary.js";
import { exportedNames } from "./exported-names.js";
import { BUILTINS, IMPORTABLE, PACKAGES, packageFolder, packageTypes } from "../typescript/packages.js";

/** The file that declares the words in scope as globals, with the help of the file beside it. */
export const GLOBALS = "globals.d.ts";
const SCOPE = "scope.d.ts";

/**
 * The types of what `installScope` makes global, for TypeScript elsewhere: writes a declaration file and returns its path, for
 * `/// <reference path="..." />`. It needs `moduleResolution` `bundler` or `nodenext`. The file is in a temporary folder, which is
 * removed when the process ends.
 */
export function scopeTypes(): string {
  const folder = scopeFolder();
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return join(folder, GLOBALS);
}

/** Makes a temporary folder with the declarations of the scope, and links to the packages that they come from. */
export function scopeFolder(): string {
  const folder = temporaryFolder();
  for (const name of [...IMPORTABLE, "@types/node"]) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(packageFolder(name), link);
  }
  const names = namesByPackage();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, SCOPE), scope(names));
  writeFileSync(join(folder, GLOBALS), globals(names));
  return folder;
}

/** The names in scope by package. If several packages export a name, the first one's is in scope. */
function namesByPackage(): Map<string, string[]> {
  const seen = new Set<string>();
  const names = Object.values(PACKAGES).map((name) => {
    const own = [...exportedNames(packageTypes(name))].filter((one) => !seen.has(one));
    for (const one of own) seen.add(one);
    return [name, own] as const;
  });
  return new Map(names);
}

/** One module of all packages. Each package is a namespace too, which has the names that others hide. */
function scope(names: ReadonlyMap<string, readonly string[]>): string {
  return [
    ...[...names].map(([name, own]) => `export { ${own.join(", ")} } from "${name}";`),
    ...Object.entries(PACKAGES).map(([word, name]) => `export * as ${word} from "${name}";`),
    "export as namespace rxbpfScope;",
    "",
  ].join("\n");
}

/** Types `require` for the packages and modules in scope. */
const REQUIRE = [
  "declare namespace NodeJS { interface Require {",
  ...builtinModules.flatMap((name) =>
    [name, `node:${name}`].map((id) => `(id: "${id}"): typeof import("node:${name}");`),
  ),
  ...IMPORTABLE.map((name) => `(id: "${name}"): typeof import("${name}");`),
  "} }",
];

/** Makes the scope's exports global, by aliases that are value and type alike, and Node's own modules, as Node's prompt does. */
function globals(names: ReadonlyMap<string, readonly string[]>): string {
  const words = [...[...names.values()].flat(), ...Object.keys(PACKAGES)];
  return [
    `/// <reference path="./${SCOPE}" />`,
    ...words.map((name) => `import ${name} = rxbpfScope.${name};`),
    ...BUILTINS.map((name) => `declare const ${name}: typeof import("node:${name}");`),
    ...REQUIRE,
    "",
  ].join("\n");
}
